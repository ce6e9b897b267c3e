-- What must not become less: the rights of a role and of PUBLIC, and what is refused of rows. $1 is the role.
-- Each line has a kind, an object, what it may do or what holds, whose it is, and the table that a partition is one of.
WITH own AS (
    SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'tenantry')
), whose AS (
    -- A name is cut at 63 bytes, and what a reference says is longer.
    SELECT rolname::text AS role FROM pg_roles WHERE rolname = $1::text AND NOT rolsuper
    UNION ALL SELECT 'public'
), relation AS (
    SELECT c.oid, c.relkind, format('%I.%I', n.nspname, c.relname) AS name,
        (SELECT format('%I.%I', s.nspname, p.relname) FROM pg_class AS p JOIN pg_namespace AS s ON s.oid = p.relnamespace
         WHERE p.oid = pg_partition_root(c.oid) AND c.relispartition) AS root
    FROM own AS n JOIN pg_class AS c ON c.relnamespace = n.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
)
SELECT 'right' AS kind, r.name AS object, p AS what, role AS whose, root
FROM relation AS r, whose, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS p
WHERE r.relkind <> 'S' AND has_table_privilege(role, r.oid, p)
UNION ALL
SELECT 'column', r.name || '.' || a.attname, p, role, root
FROM relation AS r JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped,
    whose, unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) AS p
WHERE r.relkind <> 'S' AND has_column_privilege(role, r.oid, a.attnum, p) AND NOT has_table_privilege(role, r.oid, p)
UNION ALL
SELECT 'sequence', r.name, p, role, NULL
FROM relation AS r, whose, unnest('{USAGE,SELECT,UPDATE}'::text[]) AS p
WHERE r.relkind = 'S' AND has_sequence_privilege(role, r.oid, p)
UNION ALL
SELECT 'right', 'function ' || p.oid::regprocedure, 'EXECUTE', role, NULL
FROM own AS n JOIN pg_proc AS p ON p.pronamespace = n.oid, whose
WHERE has_function_privilege(role, p.oid, 'EXECUTE')
UNION ALL
SELECT 'right', format('type %I.%I', n.nspname, t.typname), 'USAGE', role, NULL
FROM own AS n JOIN pg_type AS t ON t.typnamespace = n.oid, whose
WHERE has_type_privilege(role, t.oid, 'USAGE')
UNION ALL
SELECT 'right', format('schema %I', n.nspname), p, role, NULL
FROM own AS n, whose, unnest('{USAGE,CREATE}'::text[]) AS p
WHERE has_schema_privilege(role, n.oid, p)
UNION ALL
-- Unique and exclusion constraints, checks, and unique indexes that are no constraint.
SELECT 'rule', r.name, pg_get_constraintdef(c.oid), '', NULL
FROM relation AS r JOIN pg_constraint AS c ON c.conrelid = r.oid
WHERE c.contype IN ('p', 'u', 'x', 'c')
UNION ALL
SELECT 'rule', r.name, regexp_replace(pg_get_indexdef(i.indexrelid), '^(CREATE UNIQUE INDEX) .*? ON ', '\1 ON '), '', NULL
FROM relation AS r JOIN pg_index AS i ON i.indrelid = r.oid
WHERE i.indisunique AND i.indisvalid AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT 'rule', r.name, format('%I NOT NULL', a.attname), '', NULL
FROM relation AS r JOIN pg_attribute AS a ON a.attrelid = r.oid
WHERE r.relkind IN ('r', 'p') AND a.attnum > 0 AND a.attnotnull
UNION ALL
-- The pairs of columns, and all else that a foreign key says but for its name.
SELECT 'reference', r.name,
    (SELECT string_agg(format('%s=%s', own.attname, theirs.attname), ',' ORDER BY own.attname)
     FROM unnest(c.conkey, c.confkey) AS pair (own, theirs)
     JOIN pg_attribute AS own ON own.attrelid = c.conrelid AND own.attnum = pair.own
     JOIN pg_attribute AS theirs ON theirs.attrelid = c.confrelid AND theirs.attnum = pair.theirs),
    format('%s %s%s%s %s %s period=%s valid=%s enforced=%s', c.confrelid::regclass, c.confupdtype, c.confdeltype, c.confmatchtype,
        c.condeferrable, c.condeferred, coalesce(to_jsonb(c) ->> 'conperiod', 'false'),
        CASE WHEN c.convalidated THEN 'true' ELSE 'false' END, coalesce(to_jsonb(c) ->> 'conenforced', 'true')),
    NULL
FROM relation AS r JOIN pg_constraint AS c ON c.conrelid = r.oid
WHERE c.contype = 'f' AND c.conparentid = 0;
