-- What a role may do: the four verbs on relations, and the use of sequences, functions, types and schemas. $1 is the role.
WITH own AS (
    SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'tenantry')
)
SELECT format('%I.%I: %s', n.nspname, c.relname, p)
FROM own AS n JOIN pg_class AS c ON c.relnamespace = n.oid, unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS p
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND has_table_privilege($1::text, c.oid, p)
UNION ALL
SELECT format('%I.%I: %s', n.nspname, c.relname, p)
FROM own AS n JOIN pg_class AS c ON c.relnamespace = n.oid, unnest('{USAGE,SELECT}'::text[]) AS p
WHERE c.relkind = 'S' AND has_sequence_privilege($1::text, c.oid, p)
UNION ALL
SELECT format('%s: EXECUTE', p.oid::regprocedure)
FROM own AS n JOIN pg_proc AS p ON p.pronamespace = n.oid
WHERE has_function_privilege($1::text, p.oid, 'EXECUTE')
UNION ALL
SELECT format('type %I.%I: USAGE', n.nspname, t.typname)
FROM own AS n JOIN pg_type AS t ON t.typnamespace = n.oid
WHERE has_type_privilege($1::text, t.oid, 'USAGE')
UNION ALL
SELECT format('schema %I: USAGE', n.nspname)
FROM own AS n
WHERE has_schema_privilege($1::text, n.oid, 'USAGE');
