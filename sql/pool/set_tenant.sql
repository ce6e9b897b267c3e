-- Binds the tenant for the transaction. It returns no row, which saves the server the making of one.
-- Variables: setting (its name).
--
-- $1: the tenant.
SELECT WHERE pg_catalog.set_config(:'setting', $1, true) IS NULL;
