-- The indexes, those of constraints included.
SELECT i.indrelid AS relation,
       i.indexrelid AS index,
       c.relname,
       m.amname,
       i.indisunique,
       -- An index of both is that of a key WITHOUT OVERLAPS, from PostgreSQL 18 on.
       i.indisunique AND i.indisexclusion AS without_overlaps,
       -- PostgreSQL 15 and newer.
       coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_not_distinct,
       i.indimmediate,
       i.indisvalid,
       pg_get_expr(i.indpred, i.indrelid) AS predicate,
       c.relispartition AS inherited
FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_class AS t ON t.oid = i.indrelid
    JOIN pg_am AS m ON m.oid = c.relam
WHERE t.relkind IN ('r', 'p', 'm')
  AND t.relpersistence <> 't'
  AND t.oid >= 16384;
