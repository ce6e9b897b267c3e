-- The process of whoever has the lock by which those who change a schema take turns.
-- Parameters: $1 what it is for.
SELECT pid
FROM pg_catalog.pg_locks
WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    AND objsubid = 1
    AND ((classid::bigint << 32) | objid::bigint) = pg_catalog.hashtextextended($1, 0)
    AND granted;
