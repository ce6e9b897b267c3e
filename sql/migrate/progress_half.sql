-- The version of a migration that a run in the other direction has left half done. One that is taken back is noted below zero.
-- Variables: schema (of the ledger).
-- Parameters: $1 ledger, $2 whether this run takes back.
SELECT pg_catalog.min(pg_catalog.abs(version)) AS version
FROM (
    SELECT ledger, version FROM :"schema".tenantry_migration_statement
    UNION ALL
    SELECT ledger, version FROM :"schema".tenantry_migration_tenant
) AS noted
WHERE ledger = $1 AND CASE WHEN $2 THEN version > 0 ELSE version < 0 END;
