-- Drops a schema with nothing in it.
-- Variables: schema.
DROP SCHEMA :"schema";
