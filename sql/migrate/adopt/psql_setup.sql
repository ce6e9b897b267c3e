-- Sets up a session of psql that adopts: nothing but a lock ends a statement, and none sees only some of the rows.
-- Variables: lock_timeout, such as 1000ms.
\set ON_ERROR_STOP on
SET search_path = pg_catalog, pg_temp;
SET lock_timeout = :'lock_timeout';
SET statement_timeout = 0;
SET row_security = off;
SET client_min_messages = warning;
SET max_parallel_maintenance_workers = 0;
