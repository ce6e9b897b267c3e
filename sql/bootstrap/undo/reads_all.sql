-- The role of backups reads every table no longer.
-- Variables: backup (role).
REVOKE pg_read_all_data FROM :"backup";
