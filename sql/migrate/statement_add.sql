-- Says that statements of a migration without a transaction have been run, up to this one.
-- Variables: schema (of the ledger), ledger, version (a number), checksum, done (a number).
INSERT INTO :"schema".tenantry_migration_statement (ledger, version, checksum, done)
VALUES (:'ledger', :version, :'checksum', :done)
ON CONFLICT (ledger, version) DO UPDATE SET checksum = excluded.checksum, done = excluded.done, at = pg_catalog.now();
