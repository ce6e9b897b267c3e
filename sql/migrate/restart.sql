-- Makes a session what it was before a migration's file.
RESET SESSION AUTHORIZATION;

RESET ALL;
