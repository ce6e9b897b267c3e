-- Has the server notice that the tool is gone while a long statement runs, so that the next run need not wait for its end. Not
-- every system can.
SELECT pg_catalog.set_config('client_connection_check_interval', '500ms', false);
