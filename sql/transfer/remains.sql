-- How many rows of a relation carry a value in a column.
-- Variables: only, schema, table, column.
-- Parameters: $1 the value.
SELECT count(*) FROM :only :"schema".:"table" AS t WHERE cast(t.:"column" AS text) = $1;
