-- Lets a column be NULL.
-- Variables: schema, table, column.
ALTER TABLE :"schema".:"table" ALTER COLUMN :"column" DROP NOT NULL;
