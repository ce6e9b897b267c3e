-- The schema in which adoptions are recorded, and in which the functions are that policies call. Policies hold for every role,
-- so every role may call them.
-- Variables: support (schema).
CREATE SCHEMA :"support";

GRANT USAGE ON SCHEMA :"support" TO PUBLIC;
