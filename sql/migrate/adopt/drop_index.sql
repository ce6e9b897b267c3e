-- Drops an index while reads and writes go on. It cannot be part of a transaction.
-- Variables: schema, index.
DROP INDEX CONCURRENTLY IF EXISTS :"schema".:"index";
