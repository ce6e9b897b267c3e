-- Which version the server has: its number, such as 150018, and its name, such as 15.18.
SELECT pg_catalog.current_setting('server_version_num')::integer, pg_catalog.current_setting('server_version');
