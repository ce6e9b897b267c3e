-- Every row has a tenant. The server reads the table to see that it holds.
-- Variables: schema, table, column.
ALTER TABLE :"schema".:"table" ALTER COLUMN :"column" SET NOT NULL;
