-- Which database on which server.
SELECT pg_catalog.current_database()::text AS database,
       pg_catalog.current_setting('server_version') AS version,
       pg_catalog.current_setting('server_version_num')::integer AS number,
       pg_catalog.pg_is_in_recovery() AS is_replica;
