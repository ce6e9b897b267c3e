-- Lets go of the lock by which those who change a schema take turns.
-- Parameters: $1 what it is for.
SELECT pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended($1, 0));
