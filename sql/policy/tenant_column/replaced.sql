-- Drops the foreign key without the tenant column, which the next step replaces.
-- Variables: schema, table, constraint.
ALTER TABLE :"schema".:"table" DROP CONSTRAINT IF EXISTS :"constraint";
