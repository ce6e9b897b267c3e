-- The block that the next batch ends before, or no row if the end of the table is nearer than that.
-- Variables: relation (its name, quoted and with its schema).
-- Parameters: $1, the block that the last batch ended before, as a text, or NULL; $2, about how many rows to pass.
SELECT ARRAY[next.block::text] AS bound
FROM (SELECT coalesce(($1::text[])[1]::bigint, 0) + greatest($2::bigint / 64, 1) AS block) AS next
WHERE next.block * current_setting('block_size')::bigint < pg_relation_size(cast(:'relation' AS regclass));
