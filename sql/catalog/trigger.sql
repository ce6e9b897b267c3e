-- The triggers that somebody made. Before PostgreSQL 15 those that partitions have from their table count as internal.
SELECT t.tgrelid AS relation,
       t.tgname,
       t.tgtype,
       ARRAY(
           SELECT a.attname
           FROM unnest(t.tgattr::smallint[]) WITH ORDINALITY AS k (attnum, position)
               JOIN pg_attribute AS a ON a.attrelid = t.tgrelid AND a.attnum = k.attnum
           ORDER BY k.position
       ) AS columns,
       -- A condition can name both OLD and NEW, which pg_get_expr cannot write.
       CASE WHEN t.tgqual IS NOT NULL THEN pg_get_triggerdef(t.oid, false) END AS definition,
       n.nspname AS function_schema,
       p.proname AS function_name,
       t.tgenabled IN ('O', 'A') AS enabled,
       t.tgconstraint <> 0 AS is_constraint,
       t.tgparentid <> 0 AS inherited
FROM pg_trigger AS t
    JOIN pg_class AS r ON r.oid = t.tgrelid
    JOIN pg_proc AS p ON p.oid = t.tgfoid
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    LEFT JOIN pg_constraint AS c ON c.oid = t.tgconstraint
WHERE (NOT t.tgisinternal OR t.tgparentid <> 0)
  -- The others are how the server checks foreign keys and the like.
  AND coalesce(c.contype, 't') = 't'
  AND r.relpersistence <> 't'
  AND r.oid >= 16384;
