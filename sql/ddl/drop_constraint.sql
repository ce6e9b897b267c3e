-- Drops a constraint.
-- Variables: schema, table, constraint.
ALTER TABLE :"schema".:"table" DROP CONSTRAINT :"constraint";
