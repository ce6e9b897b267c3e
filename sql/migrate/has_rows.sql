-- Whether a table has any row.
-- Variables: schema, table.
SELECT EXISTS (SELECT FROM :"schema".:"table");
