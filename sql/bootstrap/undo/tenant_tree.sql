-- Drops the function that gives the tenants below that of the transaction. It fails while a policy calls it.
-- Variables: support (schema).
DROP FUNCTION IF EXISTS :"support".tenant_tree();
