-- Lets roles reach what a schema holds.
-- Variables: schema, writers (a list of roles).
GRANT USAGE ON SCHEMA :"schema" TO :writers;
