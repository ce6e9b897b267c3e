-- The owner sees every row.
-- Variables: schema, table.
ALTER TABLE :"schema".:"table" NO FORCE ROW LEVEL SECURITY;
