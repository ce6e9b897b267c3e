-- Sets up the transaction of a script.
-- Variables: lock_timeout, such as 2s.
--
-- A statement that waits for a lock makes those that come after it wait too, so it gives up soon.
-- With row_security off, a step that would see only some of the rows because of a policy fails
-- instead of going on with what it sees.
SET LOCAL lock_timeout = :'lock_timeout';
SET LOCAL row_security = off;
SET LOCAL client_min_messages = warning;
