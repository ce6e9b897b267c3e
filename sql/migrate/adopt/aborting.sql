-- The adoption is being taken back, and cannot go on any more. One that was done is under way again.
-- Variables: support (schema).
-- Parameters: $1, the adoption.
UPDATE :"support".adoption SET aborting_at = coalesce(aborting_at, now()), ended_at = NULL WHERE id = $1;
