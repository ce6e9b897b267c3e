-- Has the session look names up where nobody but a superuser can put any, for what the runner asks by itself.
SET search_path = pg_catalog, pg_temp;
