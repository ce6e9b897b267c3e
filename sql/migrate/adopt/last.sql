-- The adoption that was begun last: the one that has not ended, if there is one.
-- Variables: support (schema).
-- Parameters: $1, tables of which one is to be among its own, which were not taken back, or NULL for any.
SELECT id,
    tables,
    begun_by,
    pg_catalog.to_char(begun_at, 'YYYY-MM-DD HH24:MI:SS') AS begun_at,
    aborting_at IS NOT NULL AS aborting,
    ended_at IS NOT NULL AS ended
FROM :"support".adoption
WHERE $1 IS NULL OR (tables && $1 AND (aborting_at IS NULL OR ended_at IS NULL))
ORDER BY id DESC
LIMIT 1;
