-- Whether the tables are there that say how far a migration has come.
-- Parameters: $1 the schema of the ledger.
SELECT count(*) = 2
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname IN ('tenantry_migration_statement', 'tenantry_migration_tenant');
