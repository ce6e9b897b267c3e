-- Takes from the app role what default privileges may have given it of the tables that name tenants.
-- Variables: schema (of the ledger), app (role).
REVOKE ALL ON :"schema".tenantry_migration_statement, :"schema".tenantry_migration_tenant FROM :"app";
