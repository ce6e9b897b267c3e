-- Lets the owner of a table see all its rows, for the checks that the rest of the transaction makes.
-- Variables: schema, table.
--
-- ALTER TABLE takes an ACCESS EXCLUSIVE lock and keeps it until the commit, by which time FORCE is
-- back: nobody else sees the table without it.
ALTER TABLE :"schema".:"table" NO FORCE ROW LEVEL SECURITY;
