-- The migrations that have been applied.
-- Variables: schema, table.
SELECT version::bigint AS version, name::text AS name, checksum::text AS checksum
FROM :"schema".:"table"
ORDER BY version;
