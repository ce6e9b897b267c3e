-- Says how long statements wait for a lock that are run one by one, without a transaction around them.
-- Variables: lock_timeout, such as 2s; 0 is without a limit.
SET lock_timeout = :'lock_timeout';
