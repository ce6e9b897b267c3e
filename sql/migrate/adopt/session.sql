-- Sets up a session that adopts.
--
-- Texts of keys are written and read in one way, whatever the settings of the role are. Nothing but a lock ends a statement.
-- An index is built by one process, so that it takes one processor from those who work. A step that is recorded as done is.
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false),
    pg_catalog.set_config('datestyle', 'ISO, YMD', false),
    pg_catalog.set_config('intervalstyle', 'postgres', false),
    pg_catalog.set_config('timezone', 'UTC', false),
    pg_catalog.set_config('bytea_output', 'hex', false),
    pg_catalog.set_config('extra_float_digits', '1', false),
    pg_catalog.set_config('statement_timeout', '0', false),
    pg_catalog.set_config('lock_timeout', '0', false),
    pg_catalog.set_config('idle_in_transaction_session_timeout', '0', false),
    pg_catalog.set_config('idle_session_timeout', '0', false),
    pg_catalog.set_config('max_parallel_maintenance_workers', '0', false),
    pg_catalog.set_config('max_parallel_workers_per_gather', '0', false),
    pg_catalog.set_config('jit', 'off', false),
    pg_catalog.set_config('synchronous_commit', 'on', false);
