-- A partition is reached through its table alone.
-- Variables: schema, table (the partition), app (role).
--
-- A partition does not inherit the policies of its table: reached directly it would show all its rows.
-- TRUNCATE asks no policies at all.
ALTER TABLE :"schema".:"table"
    ENABLE ROW LEVEL SECURITY,
    FORCE ROW LEVEL SECURITY;

REVOKE ALL ON TABLE :"schema".:"table" FROM PUBLIC, :"app";
