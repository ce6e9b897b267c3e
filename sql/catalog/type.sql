-- The types that somebody made. Arrays and the row types of relations go with what they are of, and from PostgreSQL 17 on so
-- do multiranges; before that each has an owner of its own.
SELECT t.oid,
       n.nspname,
       t.typname,
       t.typtype,
       pg_get_userbyid(t.typowner) AS owner,
       e.extname
FROM pg_type AS t
    JOIN pg_namespace AS n ON n.oid = t.typnamespace
    LEFT JOIN pg_class AS c ON c.oid = t.typrelid
    LEFT JOIN pg_depend AS d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
    LEFT JOIN pg_extension AS e ON e.oid = d.refobjid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp_)'
  AND (t.typtype <> 'm' OR current_setting('server_version_num')::integer < 170000)
  AND (t.typtype <> 'c' OR c.relkind = 'c')
  AND NOT EXISTS (SELECT FROM pg_type AS element WHERE element.typarray = t.oid);
