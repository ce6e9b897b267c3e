-- About how many rows a table has, as batches by blocks count them.
-- Variables: relation (its name, quoted and with its schema).
SELECT pg_relation_size(cast(:'relation' AS regclass)) / current_setting('block_size')::bigint * 64 AS total;
