-- The adoption that was begun last: the one that has not ended, if there is one.
-- Variables: support (schema).
SELECT id,
    tables,
    begun_by,
    pg_catalog.to_char(begun_at, 'YYYY-MM-DD HH24:MI:SS') AS begun_at,
    aborting_at IS NOT NULL AS aborting,
    ended_at IS NOT NULL AS ended
FROM :"support".adoption
ORDER BY id DESC
LIMIT 1;
