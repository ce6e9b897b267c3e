-- A step that takes several locks, one after the other: it gives up before a writer looks for a deadlock.
-- Variables: statements, lock_timeout (for each of the locks, such as 400ms).
BEGIN;

SET LOCAL lock_timeout = :'lock_timeout';

:statements

COMMIT;
