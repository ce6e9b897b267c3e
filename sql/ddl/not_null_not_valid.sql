-- Refuses NULL in rows that are written, and leaves those that are there as they are (PostgreSQL 18).
-- Variables: schema, table, constraint, column.
ALTER TABLE :"schema".:"table" ADD CONSTRAINT :"constraint" NOT NULL :"column" NOT VALID;
