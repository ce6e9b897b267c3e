-- Makes a session what it was before a migration's file.
RESET SESSION AUTHORIZATION;

RESET ALL;

SET search_path = pg_catalog, pg_temp;
