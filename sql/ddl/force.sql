-- Policies are asked for the owner too.
-- Variables: schema, table.
ALTER TABLE :"schema".:"table" FORCE ROW LEVEL SECURITY;
