-- How many statements of a migration without a transaction have been run.
-- Variables: schema (of the ledger).
-- Parameters: $1 ledger, $2 version.
SELECT done, checksum FROM :"schema".tenantry_migration_statement WHERE ledger = $1 AND version = $2;
