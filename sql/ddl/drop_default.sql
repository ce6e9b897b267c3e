-- Takes a column's default away.
-- Variables: schema, table, column.
ALTER TABLE :"schema".:"table" ALTER COLUMN :"column" DROP DEFAULT;
