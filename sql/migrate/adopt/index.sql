-- Builds an index while reads and writes go on. It cannot be part of a transaction.
-- Variables: schema, table, index, kind (INDEX or UNIQUE INDEX), columns (a list).
CREATE :kind CONCURRENTLY :"index" ON :"schema".:"table" (:columns);
