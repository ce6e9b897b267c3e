-- An adoption that was begun after another one, and that was not taken back.
-- Variables: support (schema).
-- Parameters: $1, the other one.
SELECT tables
FROM :"support".adoption
WHERE id > $1 AND (aborting_at IS NULL OR ended_at IS NULL)
ORDER BY id DESC
LIMIT 1;
