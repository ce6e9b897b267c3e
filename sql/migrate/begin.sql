-- Begins a migration's transaction.
-- Variables: lock_timeout, such as 2s.
--
-- A statement that waits for a lock makes those that come after it wait too, so it gives up soon and is tried again.
BEGIN;

SET LOCAL lock_timeout = :'lock_timeout';

SET LOCAL search_path = pg_catalog, pg_temp;
