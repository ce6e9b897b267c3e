-- Where the next batch ends, or no row if the end of the table is nearer than that.
-- Variables: schema, table, texts (the key columns as texts, of t), after (whether the key of t lies behind $1), keys (the key
--     columns, of t).
-- Parameters: $1, the key that the last batch ended with, as texts, or NULL; $2, how many rows to pass.
SELECT ARRAY[:texts] AS bound
FROM :"schema".:"table" AS t
WHERE $1::text[] IS NULL OR :after
ORDER BY :keys
OFFSET $2::bigint
LIMIT 1;
