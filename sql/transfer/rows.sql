-- How many rows of a table the policies show, or how many of them carry the tenant.
-- Variables: only, schema, table, own.
SELECT count(*) FROM :only :"schema".:"table" AS t :own;
