-- The keys of the indexes, in order, and after them the columns that they only carry.
--
-- An operator class is leakproof if all operators are that compare two values of its type; where it has none, as some
-- for GIN, if all operators are that take a value of its type. Of operator classes that initdb has not made, nothing is
-- said.
WITH opclass AS MATERIALIZED (
    SELECT o.oid,
           CASE
               WHEN o.opcdefault THEN NULL
               WHEN n.nspname = 'pg_catalog' THEN quote_ident(o.opcname)
               ELSE quote_ident(n.nspname) || '.' || quote_ident(o.opcname)
           END AS name,
           CASE WHEN o.oid < 16384 THEN (
               SELECT coalesce(
                   bool_and(p.proleakproof) FILTER (WHERE a.amoprighttype = o.opcintype),
                   bool_and(p.proleakproof)
               )
               FROM pg_amop AS a
                   JOIN pg_operator AS op ON op.oid = a.amopopr
                   JOIN pg_proc AS p ON p.oid = op.oprcode
               WHERE a.amopfamily = o.opcfamily AND a.amoplefttype = o.opcintype
           ) END AS leakproof
    FROM pg_opclass AS o
        JOIN pg_namespace AS n ON n.oid = o.opcnamespace
)
SELECT i.indexrelid AS index,
       a.attname,
       CASE WHEN k.attnum = 0 THEN pg_get_indexdef(i.indexrelid, k.position::integer, false) END AS expression,
       k.position > i.indnkeyatts AS include,
       o.name AS opclass,
       o.leakproof
FROM pg_index AS i
    JOIN pg_class AS t ON t.oid = i.indrelid
    CROSS JOIN LATERAL unnest(i.indkey::smallint[], i.indclass::oid[]) WITH ORDINALITY AS k (attnum, opclass, position)
    LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    LEFT JOIN opclass AS o ON o.oid = k.opclass
WHERE t.relkind IN ('r', 'p', 'm')
  AND t.relpersistence <> 't'
  AND t.oid >= 16384
ORDER BY i.indexrelid, k.position;
