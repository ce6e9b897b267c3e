-- Which tables are partitions or heirs of which, in the order of INHERITS.
SELECT i.inhrelid AS relation,
       n.nspname AS parent_schema,
       p.relname AS parent_name,
       c.relispartition,
       pg_get_expr(c.relpartbound, c.oid) AS bound
FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid
    JOIN pg_class AS p ON p.oid = i.inhparent
    JOIN pg_namespace AS n ON n.oid = p.relnamespace
WHERE c.relkind IN ('r', 'p', 'f')
  AND c.relpersistence <> 't'
ORDER BY i.inhrelid, i.inhseqno;
