-- Begins a transaction that is rolled back in the end, and in which nothing takes long.
-- Variables: statement_timeout, lock_timeout (milliseconds).
BEGIN;

SET LOCAL statement_timeout = :statement_timeout;

SET LOCAL lock_timeout = :lock_timeout;

SET LOCAL idle_in_transaction_session_timeout = 0;
