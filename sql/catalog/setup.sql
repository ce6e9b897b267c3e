-- Makes the server write names, constants and expressions in one way, whatever the session's settings are, until the
-- transaction ends. Tells the server's version.
--
-- pg_temp comes last, so that a temporary table cannot stand in for a catalog.
SELECT pg_catalog.current_setting('server_version_num') AS version,
       pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
       pg_catalog.set_config('quote_all_identifiers', 'off', true),
       pg_catalog.set_config('datestyle', 'ISO, YMD', true),
       pg_catalog.set_config('intervalstyle', 'postgres', true),
       pg_catalog.set_config('timezone', 'UTC', true),
       pg_catalog.set_config('bytea_output', 'hex', true),
       pg_catalog.set_config('extra_float_digits', '1', true),
       -- The queries read much and compute little.
       pg_catalog.set_config('jit', 'off', true);
