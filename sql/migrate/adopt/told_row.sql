-- The tenant of a row, as t, by an expression in which its columns are visible, and the row by the name of its table.
-- Variables: expression, type, table.
(
    SELECT cast((
        :expression
    ) AS :type)
    FROM (SELECT t.*) AS :"table"
)
