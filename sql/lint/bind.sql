-- Binds a tenant for a file that is run for each of them.
-- Parameters: $1 setting, $2 tenant.
SELECT pg_catalog.set_config($1, $2, false);
