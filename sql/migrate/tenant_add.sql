-- Says that a migration has been run for a tenant, and how many rows each of its statements has changed.
-- Variables: schema (of the ledger).
-- Parameters: $1 ledger, $2 version, $3 tenant, $4 checksum, $5 rows.
INSERT INTO :"schema".tenantry_migration_tenant (ledger, version, tenant, checksum, rows) VALUES ($1, $2, $3, $4, $5);
