-- Lists the rows without a tenant.
-- Variables: schema, table, column.
SELECT * FROM :"schema".:"table" WHERE :"column" IS NULL;
