-- Drops an index.
-- Variables: schema, index.
DROP INDEX :"schema".:"index";
