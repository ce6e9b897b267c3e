-- The foreign keys.
--
-- A foreign key to a partitioned table has further ones to each partition, which are the server's own affair. One of a
-- partitioned table is also one of each partition.
WITH RECURSIVE foreign_key AS (
    SELECT c.*
    FROM pg_constraint AS c
    WHERE c.contype = 'f' AND c.conparentid = 0 AND c.conrelid >= 16384
    UNION ALL
    SELECT c.*
    FROM foreign_key AS f
        JOIN pg_constraint AS c ON c.conparentid = f.oid
    WHERE c.confrelid = f.confrelid
)
SELECT f.conrelid AS relation,
       f.conname,
       ARRAY(
           SELECT a.attname
           FROM unnest(f.conkey) WITH ORDINALITY AS k (attnum, position)
               JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.attnum
           ORDER BY k.position
       ) AS columns,
       n.nspname AS referenced_schema,
       r.relname AS referenced_name,
       ARRAY(
           SELECT a.attname
           FROM unnest(f.confkey) WITH ORDINALITY AS k (attnum, position)
               JOIN pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = k.attnum
           ORDER BY k.position
       ) AS referenced_columns,
       f.confupdtype,
       f.confdeltype,
       -- PostgreSQL 15 and newer.
       ARRAY(
           SELECT a.attname
           FROM jsonb_array_elements_text(nullif(to_jsonb(f) -> 'confdelsetcols', 'null')) WITH ORDINALITY
                    AS k (attnum, position)
               JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.attnum::smallint
           ORDER BY k.position
       ) AS on_delete_columns,
       f.confmatchtype = 'f' AS match_full,
       f.condeferrable,
       f.condeferred,
       f.convalidated,
       -- PostgreSQL 18 and newer.
       coalesce((to_jsonb(f) ->> 'conenforced')::boolean, true) AS enforced,
       coalesce((to_jsonb(f) ->> 'conperiod')::boolean, false) AS period,
       f.conparentid <> 0 AS inherited
FROM foreign_key AS f
    JOIN pg_class AS r ON r.oid = f.confrelid
    JOIN pg_namespace AS n ON n.oid = r.relnamespace;
