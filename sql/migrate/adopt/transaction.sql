-- Sets up the transaction of a step.
-- Parameters: $1, how long to wait for one lock, in milliseconds.
--
-- With row_security off, what would see only some of the rows because of a policy fails instead of going on with what it sees:
-- the check of a foreign key asks policies too where its table is under FORCE, and would call it valid with orphans behind them.
SELECT pg_catalog.set_config('lock_timeout', $1, true),
    pg_catalog.set_config('row_security', 'off', true),
    pg_catalog.set_config('client_min_messages', 'warning', true);
