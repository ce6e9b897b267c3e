-- The steps of an adoption.
-- Variables: support (schema).
-- Parameters: $1, the adoption.
SELECT number, object, phase, what, lock, locked, scans, up_kind, up, down_kind, down, index_of, bound, size, remaining, sweep,
    in_the_way, pass, position, walked, total, rows,
    CASE
        WHEN undone_at IS NOT NULL THEN 'undone'
        WHEN done_at IS NOT NULL THEN 'done'
        WHEN started_at IS NOT NULL THEN 'started'
        ELSE 'pending'
    END AS state
FROM :"support".adoption_step
WHERE adoption = $1
ORDER BY number;
