-- Whether a table has rows without a tenant. Where a policy would hide some, or a lock is not to be had, this fails, and
-- nothing is known of the table.
SET LOCAL transaction_read_only = on;
SET LOCAL statement_timeout = '5s';
SET LOCAL lock_timeout = '1s';
SET LOCAL row_security = off;

SELECT EXISTS (SELECT FROM :"schema".:"table" WHERE :"column" IS NULL) AS found;
