-- The process of the tool that is at work.
-- Variables: support (the schema's name).
SELECT pid
FROM pg_catalog.pg_locks
WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    AND classid = 1952804449
    AND objid::bigint = (pg_catalog.hashtext(:'support')::bigint & 4294967295)
    AND granted;
