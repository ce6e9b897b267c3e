-- Tells who the session is, and on which server.
SELECT current_user::text AS role,
       pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1) AS version,
       pg_catalog.current_database()::text AS database;
