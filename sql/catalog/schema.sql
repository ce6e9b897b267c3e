-- The schemas.
SELECT n.oid,
       n.nspname,
       pg_get_userbyid(n.nspowner) AS owner,
       e.extname
FROM pg_namespace AS n
    LEFT JOIN pg_depend AS d ON d.classid = 'pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e'
    LEFT JOIN pg_extension AS e ON e.oid = d.refobjid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp_)';
