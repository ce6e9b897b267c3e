-- Drops an index that is half built.
-- Variables: schema, index.
DROP INDEX CONCURRENTLY IF EXISTS :"schema".:"index";
