-- The tenants for which a migration has been run, with what each of its statements has changed.
-- Variables: schema (of the ledger).
-- Parameters: $1 ledger, $2 version.
SELECT tenant, checksum, rows FROM :"schema".tenantry_migration_tenant WHERE ledger = $1 AND version = $2;
