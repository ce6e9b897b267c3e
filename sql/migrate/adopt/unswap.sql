-- Brings the foreign key back that was there before, not yet checked, beside the one that had taken its place.
-- Variables: schema, table, constraint, new, definition (of the old one).
ALTER TABLE :"schema".:"table" RENAME CONSTRAINT :"constraint" TO :"new";

ALTER TABLE :"schema".:"table" ADD CONSTRAINT :"constraint" :definition;
