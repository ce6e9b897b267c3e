-- Inserts rows that arrive as a parameter for each value.
-- Variables: table, columns (a list), rows (a list of parameters in parentheses for each), conflict (a clause, or nothing).
INSERT INTO :table (:columns)
VALUES :rows:conflict;
