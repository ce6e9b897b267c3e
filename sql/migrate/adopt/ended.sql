-- The adoption is done, or taken back.
-- Variables: support (schema).
-- Parameters: $1, the adoption.
UPDATE :"support".adoption SET ended_at = now() WHERE id = $1;
