-- Whether an index is there that CREATE INDEX CONCURRENTLY has left half built.
-- Parameters: $1 its name with the schema, quoted.
--
-- It is asked between the statements of a file, so names are looked up where the file's are.
SELECT EXISTS (
    SELECT
    FROM pg_catalog.pg_index
    WHERE indexrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1)::pg_catalog.oid AND NOT indisvalid
);
