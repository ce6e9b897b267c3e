-- The table that says which migrations have been applied, if it is there, and else where it would be made.
-- Parameters: $1 its name, quoted, with a schema or without.
SELECT
    coalesce(n.nspname, current_schema(), 'public')::text AS schema,
    c.oid IS NOT NULL AS present,
    pg_catalog.pg_get_userbyid(c.relowner)::text AS owner,
    (SELECT pg_catalog.format_type(a.atttypid, a.atttypmod)
     FROM pg_catalog.pg_attribute AS a
     WHERE a.attrelid = c.oid AND a.attname = 'version' AND NOT a.attisdropped) AS version_type
FROM (SELECT to_regclass($1) AS name) AS ledger
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = ledger.name
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace;
