-- Policies are not asked any more.
-- Variables: schema, table.
ALTER TABLE :"schema".:"table" DISABLE ROW LEVEL SECURITY;
