-- Makes the tables that say how far a migration has come which is not one transaction.
-- Variables: schema (of the ledger).
--
-- They name tenants, so nobody but their owner reads them.
CREATE TABLE IF NOT EXISTS :"schema".tenantry_migration_statement (
    ledger text NOT NULL,
    version bigint NOT NULL,
    checksum text NOT NULL,
    done integer NOT NULL,
    at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    PRIMARY KEY (ledger, version)
);

CREATE TABLE IF NOT EXISTS :"schema".tenantry_migration_tenant (
    ledger text NOT NULL,
    version bigint NOT NULL,
    tenant text NOT NULL,
    checksum text NOT NULL,
    rows bigint[] NOT NULL,
    at timestamptz NOT NULL DEFAULT pg_catalog.now(),
    PRIMARY KEY (ledger, version, tenant)
);

REVOKE ALL ON :"schema".tenantry_migration_statement, :"schema".tenantry_migration_tenant FROM PUBLIC;
