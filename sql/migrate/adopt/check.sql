-- From now on, every row that is written has a tenant. Those that are there already are looked at later.
-- Variables: schema, table, constraint, column.
ALTER TABLE :"schema".:"table" ADD CONSTRAINT :"constraint" CHECK (:"column" IS NOT NULL) NOT VALID;
