-- Makes a unique index a constraint of its table.
-- Variables: schema, table, index.
ALTER TABLE :"schema".:"table" ADD CONSTRAINT :"index" UNIQUE USING INDEX :"index";
