-- Takes the lock by which those who change a schema take turns, if nobody has it. It is held until the session ends.
-- Parameters: $1 what it is for.
--
-- A session that waited in pg_advisory_lock would hold a snapshot meanwhile, for whose end CREATE INDEX CONCURRENTLY waits.
SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, 0));
