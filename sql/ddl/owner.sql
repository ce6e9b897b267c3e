-- Gives a relation to the role that owns all tables.
-- Variables: schema, table, owner (role).
ALTER TABLE :"schema".:"table" OWNER TO :"owner";
