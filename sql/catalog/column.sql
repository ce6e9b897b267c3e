-- The columns of tables.
--
-- Here and in the files beside this one, what has an oid below 16384 was made by initdb, and is left out. So are temporary
-- tables, above all because they can be gone before what depends on them is written out.
SELECT a.attrelid AS relation,
       a.attname,
       format_type(a.atttypid, a.atttypmod) AS type,
       a.attnotnull,
       a.attidentity,
       a.attgenerated,
       a.attinhcount > 0 AND NOT a.attislocal AS inherited,
       pg_get_expr(d.adbin, d.adrelid) AS expression
FROM pg_attribute AS a
    JOIN pg_class AS c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'f')
  AND c.relpersistence <> 't'
  AND c.oid >= 16384
  AND a.attnum > 0
  AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum;
