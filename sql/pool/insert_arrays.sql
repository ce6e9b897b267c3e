-- Inserts rows that arrive as an array for each column.
-- Variables: table, columns (a list), arrays (a call of unnest for each column), conflict (a clause, or nothing).
INSERT INTO :table (:columns)
SELECT * FROM ROWS FROM (:arrays):conflict;
