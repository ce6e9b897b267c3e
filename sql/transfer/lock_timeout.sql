-- Gives way to whoever waits behind it.
-- Variables: lock_timeout.
SET LOCAL lock_timeout = :'lock_timeout';
