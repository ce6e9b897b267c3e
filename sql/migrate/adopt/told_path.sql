-- Has the expression look its names up where services do, until the next step.
-- Variables: path.
SELECT pg_catalog.set_config('search_path', :'path', true);
