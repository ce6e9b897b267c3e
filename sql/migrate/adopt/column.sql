-- Adds the tenant column, which is NULL in every row that is there. It takes a moment, whatever the size of the table.
-- Variables: schema, table, column, type.
ALTER TABLE :"schema".:"table" ADD COLUMN :"column" :type;
