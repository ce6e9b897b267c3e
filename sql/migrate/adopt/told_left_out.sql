-- Lists the rows that an expression leaves out: it tells no tenant of them, or one that is not there.
-- Variables: schema, table, expression, type, open (whether the row has no tenant yet), known (whether the tenant that is told
--     is there).
SELECT :"table".*
FROM :"schema".:"table"
    CROSS JOIN LATERAL (SELECT cast((
        :expression
    ) AS :type) AS tenant) AS told
WHERE :open
    AND (told.tenant IS NULL OR NOT :known);
