-- Sets up the transaction of a batch.
-- Parameters: $1, how long to wait for one lock, in milliseconds.
--
-- A batch and where it ended are lost together if the server goes down, so nobody waits for the disk. Few rows are read, each
-- by an index or its place, whatever the statistics of a table that is being changed say.
SELECT pg_catalog.set_config('lock_timeout', $1, true),
    pg_catalog.set_config('row_security', 'off', true),
    pg_catalog.set_config('synchronous_commit', 'off', true),
    pg_catalog.set_config('enable_seqscan', 'off', true),
    pg_catalog.set_config('enable_hashjoin', 'off', true),
    pg_catalog.set_config('enable_mergejoin', 'off', true);
