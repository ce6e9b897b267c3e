-- Adds a unique constraint.
-- Variables: schema, table, constraint, columns (a list, perhaps with WITHOUT OVERLAPS behind the last one).
ALTER TABLE :"schema".:"table" ADD CONSTRAINT :"constraint" UNIQUE (:columns);
