-- Binds the tenant of a migration's transaction.
-- Parameters: $1 setting, $2 tenant.
SELECT pg_catalog.set_config($1, $2, true);
