-- Drops the tenant column again.
-- Variables: schema, table, column.
ALTER TABLE :"schema".:"table" DROP COLUMN :"column";
