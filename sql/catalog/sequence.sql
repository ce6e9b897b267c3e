-- The columns that sequences belong to: by OWNED BY, as serial columns have it, or as the sequence of an identity
-- column.
SELECT d.objid AS relation,
       n.nspname AS table_schema,
       t.relname AS table_name,
       a.attname,
       d.deptype = 'i' AS identity
FROM pg_depend AS d
    JOIN pg_class AS c ON c.oid = d.objid AND c.relkind = 'S'
    JOIN pg_class AS t ON t.oid = d.refobjid
    JOIN pg_namespace AS n ON n.oid = t.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass
  AND d.refclassid = 'pg_class'::regclass
  AND d.refobjsubid > 0
  AND d.deptype IN ('a', 'i')
  AND d.objid >= 16384;
