-- Counts the rows that an expression leaves out: it tells no tenant of them, or one that is not there.
-- Variables: as for told_left_out.sql.
SELECT count(*) FILTER (WHERE told.tenant IS NULL) AS untold,
    count(*) FILTER (WHERE told.tenant IS NOT NULL) AS unknown
FROM :"schema".:"table"
    CROSS JOIN LATERAL (SELECT cast((
        :expression
    ) AS :type) AS tenant) AS told
WHERE :open
    AND (told.tenant IS NULL OR NOT :known);
