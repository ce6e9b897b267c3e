-- Drops the schema of the functions that policies called. It fails while there is anything in it.
-- Variables: support (schema).
DROP SCHEMA IF EXISTS :"support";
