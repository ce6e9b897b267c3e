-- Forgets how far a migration has come: it is in the ledger, or has to begin anew.
-- Variables: schema (of the ledger), ledger, version (a number).
DELETE FROM :"schema".tenantry_migration_statement WHERE ledger = :'ledger' AND version = :version;

DELETE FROM :"schema".tenantry_migration_tenant WHERE ledger = :'ledger' AND version = :version;
