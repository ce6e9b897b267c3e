-- How many rows of a table are the tenant's, and how many bytes they take, indexes and TOAST apart.
-- Variables: only, schema, table, own.
SELECT count(*), coalesce(sum(pg_catalog.pg_column_size(t)), 0)::bigint FROM :only :"schema".:"table" AS t :own;
