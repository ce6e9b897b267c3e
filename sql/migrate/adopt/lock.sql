-- Keeps two tools apart. Nobody waits in it: the snapshot of a statement that waits would keep an index from being finished.
-- Variables: support (the schema's name).
SELECT pg_catalog.pg_try_advisory_lock(1952804449, pg_catalog.hashtext(:'support')) AS locked;
