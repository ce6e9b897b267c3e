-- Drops a function that gives what is bound and sealed. It fails while a policy calls it.
-- Variables: support (schema), name (of the function).
DROP FUNCTION IF EXISTS :"support".:"name"();
