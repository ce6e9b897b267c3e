-- How far a backfill has come. It is written in the transaction of the batch, so the two are true or lost together.
-- Variables: support (schema).
-- Parameters: $1, the adoption; $2, the step; $3, the pass; $4, where the last batch ended; $5, what was walked of $6 in this
--     pass; $7, the rows that got their tenant so far.
UPDATE :"support".adoption_step
SET pass = $3, position = $4, walked = $5, total = $6, rows = $7
WHERE adoption = $1 AND number = $2;
