-- A step is taken back.
-- Variables: support (schema).
-- Parameters: $1, the adoption; $2, the step.
UPDATE :"support".adoption_step SET undone_at = now() WHERE adoption = $1 AND number = $2;
