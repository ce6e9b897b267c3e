-- Drops the function that tells the tenant of a row.
-- Variables: support (schema), function, schema, table.
DROP FUNCTION :"support".:"function"(:"schema".:"table");
