-- Whether the tables are there that say how far a migration has come, and whose they are if whoever runs this must not write to
-- them: see ledger_find.sql.
-- Parameters: $1 the schema of the ledger, $2 the owner.
SELECT
    pg_catalog.count(*) = 2 AS present,
    pg_catalog.min(r.rolname::text) FILTER (
        WHERE NOT r.rolsuper
            AND r.oid <> me.oid
            AND CASE
                WHEN me.rolsuper THEN r.rolname IS DISTINCT FROM $2
                ELSE NOT pg_catalog.pg_has_role(r.oid, 'MEMBER')
            END
    ) AS stranger
FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles AS r ON r.oid = c.relowner
    JOIN pg_catalog.pg_roles AS me ON me.rolname = current_user
WHERE n.nspname = $1 AND c.relname IN ('tenantry_migration_statement', 'tenantry_migration_tenant');
