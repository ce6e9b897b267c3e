-- Puts one unique constraint in the place of another, under the same name.
-- Variables: schema, table, constraint, columns (a list, perhaps with WITHOUT OVERLAPS behind the last one).
ALTER TABLE :"schema".:"table"
    DROP CONSTRAINT :"constraint",
    ADD CONSTRAINT :"constraint" UNIQUE (:columns);
