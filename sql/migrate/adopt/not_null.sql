-- The column is NOT NULL. The check says so already, so no row is read.
-- Variables: schema, table, column, constraint (the check).
ALTER TABLE :"schema".:"table" ALTER COLUMN :"column" SET NOT NULL;

ALTER TABLE :"schema".:"table" DROP CONSTRAINT :"constraint";
