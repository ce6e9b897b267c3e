-- Policies are asked.
-- Variables: schema, table.
ALTER TABLE :"schema".:"table" ENABLE ROW LEVEL SECURITY;
