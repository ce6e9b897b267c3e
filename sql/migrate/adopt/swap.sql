-- Puts one foreign key in the place of another, under its name.
-- Variables: schema, table, constraint, new (the name of the one that stays).
ALTER TABLE :"schema".:"table" DROP CONSTRAINT :"constraint";

ALTER TABLE :"schema".:"table" RENAME CONSTRAINT :"new" TO :"constraint";
