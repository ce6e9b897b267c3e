-- The tenant that the database takes a sealed value for.
-- Variables: support (schema).
SELECT :"support".tenant_id()::text AS tenant;
