-- Sets up the transaction of a script.
-- Variables: lock_timeout, such as 2s.
--
-- A statement that waits for a lock makes those that come after it wait too, so it gives up soon.
-- With row_security off, a step that would see only some of the rows because of a policy fails
-- instead of going on with what it sees.
--
-- Whoever may create in a schema of the search_path can put an operator or a function there that fits better than the server's
-- own. So names are looked up in pg_catalog, and every other name that a script uses has its schema. end.sql gives the path back.
SET LOCAL lock_timeout = :'lock_timeout';
SET LOCAL row_security = off;
SET LOCAL client_min_messages = warning;

SELECT pg_catalog.set_config('tenantry.search_path', pg_catalog.current_setting('search_path'), true);

SET LOCAL search_path = pg_catalog, pg_temp;
