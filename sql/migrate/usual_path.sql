-- Has a file look names up where its session would.
-- Variables: path, local (true within a transaction, or false).
SELECT pg_catalog.set_config('search_path', :'path', :local);
