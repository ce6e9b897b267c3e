-- The relations of every kind but indexes, TOAST tables and composite types.
SELECT c.oid,
       n.nspname,
       c.relname,
       c.relkind,
       pg_get_userbyid(c.relowner) AS owner,
       c.relpersistence = 'u' AS unlogged,
       c.relrowsecurity,
       c.relforcerowsecurity,
       c.reloptions,
       CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,
       e.extname
FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_depend AS d
        ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'
    LEFT JOIN pg_extension AS e ON e.oid = d.refobjid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp_)';
