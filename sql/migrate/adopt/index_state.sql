-- Whether an index can be used, if it is there: one whose building was cut off cannot.
-- Parameters: $1, its schema; $2, its name.
SELECT i.indisvalid AS valid
FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
WHERE n.nspname = $1 AND c.relname = $2;
