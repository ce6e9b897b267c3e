-- Batch after batch, each a transaction of its own. It cannot be part of a transaction.
-- Variables: body (see batches_body.sql).
DO :'body';
