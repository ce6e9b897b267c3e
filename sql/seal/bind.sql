-- Binds a value for the transaction.
-- Parameters: $1 setting, $2 value.
SELECT pg_catalog.set_config($1, $2, true);
