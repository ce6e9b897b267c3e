-- Whether an index is there that CREATE INDEX CONCURRENTLY has left half built.
-- Parameters: $1 its name with the schema, quoted.
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid
);
