-- Counts the rows of a query.
-- Variables: query.
SELECT count(*) AS count FROM (:query) AS rows;
