-- The constraints of tables but foreign keys: primary keys, unique, check and exclusion constraints. From PostgreSQL 18 on NOT
-- NULL is one too, and attnotnull is true of one that is NOT VALID as well.
SELECT c.conrelid AS relation,
       c.conname,
       c.contype,
       c.condeferrable,
       c.condeferred,
       c.convalidated,
       -- PostgreSQL 18 and newer.
       coalesce((to_jsonb(c) ->> 'conenforced')::boolean, true) AS enforced,
       coalesce((to_jsonb(c) ->> 'conperiod')::boolean, false) AS period,
       c.connoinherit,
       c.coninhcount > 0 AS inherited,
       pg_get_expr(c.conbin, c.conrelid) AS expression,
       ARRAY(
           SELECT a.attname
           FROM unnest(c.conkey) WITH ORDINALITY AS k (attnum, position)
               JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.attnum
           ORDER BY k.position
       ) AS columns,
       ARRAY(
           SELECT CASE n.nspname WHEN 'pg_catalog' THEN o.oprname ELSE quote_ident(n.nspname) || '.' || o.oprname END
           FROM unnest(c.conexclop) WITH ORDINALITY AS x (oid, position)
               JOIN pg_operator AS o ON o.oid = x.oid
               JOIN pg_namespace AS n ON n.oid = o.oprnamespace
           ORDER BY x.position
       ) AS operators
FROM pg_constraint AS c
    JOIN pg_class AS t ON t.oid = c.conrelid
WHERE (c.contype IN ('p', 'u', 'c', 'x') OR (c.contype = 'n' AND NOT c.convalidated))
  AND t.relpersistence <> 't'
  AND t.oid >= 16384;
