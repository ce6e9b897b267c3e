-- Sets up a transaction that only looks, with names looked up where an expression means them.
-- Parameters: $1, how long to wait for one lock, in milliseconds; $2, the search_path.
SELECT pg_catalog.set_config('transaction_read_only', 'on', true),
    pg_catalog.set_config('lock_timeout', $1, true),
    pg_catalog.set_config('row_security', 'off', true),
    pg_catalog.set_config('search_path', $2, true);
