-- Sets a session up for statements that are run one by one, without a transaction around them.
-- Variables: lock_timeout, such as 2s.
SET lock_timeout = :'lock_timeout';
