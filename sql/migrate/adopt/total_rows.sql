-- About how many rows a table has.
-- Variables: relation (its name, quoted and with its schema).
SELECT greatest(reltuples::bigint, 0) AS total FROM pg_catalog.pg_class WHERE oid = cast(:'relation' AS regclass);
