-- Bounds what the look into a table may take, until the transaction ends: $1 milliseconds.
--
-- With row_security off a query fails, rather than see less than all rows.
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
       pg_catalog.set_config('statement_timeout', $1, true),
       pg_catalog.set_config('lock_timeout', $1, true),
       pg_catalog.set_config('row_security', 'off', true);
