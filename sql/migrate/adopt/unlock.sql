-- Lets the next tool in.
-- Variables: support (the schema's name).
SELECT pg_catalog.pg_advisory_unlock(1952804449, pg_catalog.hashtext(:'support'));
