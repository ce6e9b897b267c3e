-- What the values of types that somebody made are made of.
-- Base and range types of extensions are left out: what their values look like is theirs to know.
SELECT pg_catalog.format_type(t.oid, NULL) AS name,
       t.typtype::text AS kind,
       CASE t.typtype WHEN 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END AS base,
       (SELECT e.enumlabel::text FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid
        ORDER BY e.enumsortorder LIMIT 1) AS label,
       ARRAY(SELECT pg_catalog.pg_get_constraintdef(c.oid) FROM pg_catalog.pg_constraint AS c
             WHERE c.contypid = t.oid AND c.contype = 'c') AS checks,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = t.typrelid AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped) AS attributes,
       (SELECT pg_catalog.format_type(r.rngsubtype, NULL) FROM pg_catalog.pg_range AS r WHERE r.rngtypid = t.oid) AS subtype
FROM pg_catalog.pg_type AS t
WHERE t.typtype IN ('d', 'e', 'c', 'r')
  AND t.typnamespace <> 'pg_catalog'::regnamespace
  AND t.typnamespace <> 'information_schema'::regnamespace;
