-- The column may be NULL again, but for what the check says.
-- Variables: schema, table, column, constraint (the check).
ALTER TABLE :"schema".:"table" ADD CONSTRAINT :"constraint" CHECK (:"column" IS NOT NULL) NOT VALID;

ALTER TABLE :"schema".:"table" ALTER COLUMN :"column" DROP NOT NULL;
