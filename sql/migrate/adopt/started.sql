-- A step begins, perhaps again.
-- Variables: support (schema).
-- Parameters: $1, the adoption; $2, the step.
UPDATE :"support".adoption_step SET started_at = coalesce(started_at, now()) WHERE adoption = $1 AND number = $2;
