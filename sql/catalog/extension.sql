-- The installed extensions.
SELECT e.extname,
       n.nspname
FROM pg_extension AS e
    JOIN pg_namespace AS n ON n.oid = e.extnamespace;
