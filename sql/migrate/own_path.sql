-- Goes on with what the runner does by itself, which nothing that others can make may stand in the way of.
-- Variables: local (LOCAL within a transaction, or SESSION).
SET :local search_path = pg_catalog, pg_temp;
