-- Everything that a script of the crate may touch, one line each, in the user's schemas.
WITH relation AS (
    SELECT c.oid::regclass::text AS name, c.*
    FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
)
SELECT format('%s %s rls %s force %s acl %s options %s', relkind, name, relrowsecurity, relforcerowsecurity,
              relacl, reloptions) AS line
FROM relation
UNION ALL
SELECT format('column %s.%s %s not null %s default %s', name, attname, format_type(atttypid, atttypmod), attnotnull,
              pg_get_expr(adbin, adrelid))
FROM relation
    JOIN pg_attribute ON attrelid = oid AND attnum > 0
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
UNION ALL
SELECT format('policy %s %s permissive %s for %s to %s using %s check %s', polrelid::regclass, polname, polpermissive,
              polcmd, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
FROM pg_policy
UNION ALL
SELECT format('constraint %s %s %s validated %s', conrelid::regclass, conname, pg_get_constraintdef(c.oid), convalidated)
FROM pg_constraint AS c
    JOIN relation ON relation.oid = conrelid
UNION ALL
SELECT format('index %s valid %s', pg_get_indexdef(indexrelid), indisvalid)
FROM pg_index
    JOIN relation ON relation.oid = indrelid
UNION ALL
SELECT format('schema %s owner %s acl %s', nspname, nspowner::regrole, nspacl)
FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL
SELECT format('function %s owner %s acl %s %s', p.oid::regprocedure, proowner::regrole, proacl,
              pg_get_functiondef(p.oid))
FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = pronamespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
ORDER BY 1
