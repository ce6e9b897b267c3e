-- Reads every row to see that a constraint holds. Reads and writes go on meanwhile.
-- Variables: schema, table, constraint.
ALTER TABLE :"schema".:"table" VALIDATE CONSTRAINT :"constraint";
