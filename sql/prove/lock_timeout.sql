-- Limits how long a session waits for a lock.
-- Variables: lock_timeout (milliseconds).
SET lock_timeout = :lock_timeout;
