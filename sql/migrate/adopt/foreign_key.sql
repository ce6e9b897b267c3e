-- Adds a foreign key that new rows are checked by.
-- Variables: schema, table, constraint, definition (FOREIGN KEY and what follows, NOT VALID).
ALTER TABLE :"schema".:"table" ADD CONSTRAINT :"constraint" :definition;
