-- Says that a migration has been applied, with the time as refinery writes it.
-- Variables: schema, table, version (a number), name, checksum.
INSERT INTO :"schema".:"table" (version, name, applied_on, checksum)
VALUES (:version, :'name', pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), :'checksum');
