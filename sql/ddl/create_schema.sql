-- Makes a schema of a role's.
-- Variables: schema, owner (role).
CREATE SCHEMA :"schema" AUTHORIZATION :"owner";
