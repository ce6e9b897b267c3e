-- Drops the function that gives the tenant of the transaction. It fails while a policy calls it.
-- Variables: support (schema).
DROP FUNCTION IF EXISTS :"support".tenant_id();
