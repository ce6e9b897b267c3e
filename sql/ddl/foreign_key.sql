-- Puts one foreign key in the place of another, under the same name.
-- Variables: schema, table, constraint, definition (FOREIGN KEY and what follows).
ALTER TABLE :"schema".:"table"
    DROP CONSTRAINT :"constraint",
    ADD CONSTRAINT :"constraint" :definition;
