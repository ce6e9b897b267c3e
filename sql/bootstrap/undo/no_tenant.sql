-- Drops the function that says that no tenant is bound. It fails while a policy or a function calls it.
-- Variables: support (schema).
DROP FUNCTION IF EXISTS :"support".no_tenant(text);
