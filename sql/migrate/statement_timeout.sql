-- Ends statements that take longer.
-- Variables: local (LOCAL within a transaction, or SESSION), statement_timeout, such as 30s.
SET :local statement_timeout = :'statement_timeout';
