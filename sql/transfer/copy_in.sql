-- Rows from the client.
-- Variables: schema, table, columns.
COPY :"schema".:"table" (:columns) FROM STDIN;
