-- Fills the tenant column from the transaction where a statement leaves it out.
-- Variables: schema, table, column, default (an expression).
ALTER TABLE :"schema".:"table" ALTER COLUMN :"column" SET DEFAULT :default;
