-- A statement that waits for the transactions of others, and for which nobody waits.
-- Variables: statement, lock_timeout.
SET lock_timeout = 0;

:statement

SET lock_timeout = :'lock_timeout';
