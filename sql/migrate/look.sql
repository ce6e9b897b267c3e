-- Sets up a look at rows.
-- Parameters: $1, how long it may take, and $2, how long to wait for a lock, in milliseconds.
--
-- With row_security off, a query that would see only some of the rows because of a policy fails: nobody takes what a role does
-- not see for what is not there.
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
    pg_catalog.set_config('transaction_read_only', 'on', true),
    pg_catalog.set_config('row_security', 'off', true),
    pg_catalog.set_config('statement_timeout', $1, true),
    pg_catalog.set_config('lock_timeout', $2, true),
    pg_catalog.set_config('client_min_messages', 'warning', true);
