-- The adoption is being taken back, and cannot go on any more.
-- Variables: support (schema).
-- Parameters: $1, the adoption.
UPDATE :"support".adoption SET aborting_at = coalesce(aborting_at, now()) WHERE id = $1;
