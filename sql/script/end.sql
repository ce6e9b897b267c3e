-- Gives a transaction its search_path back, for what somebody else does in it behind a script.
SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('tenantry.search_path'), true);
