-- Makes the session one of the role that runs files.
-- Variables: role.
SET SESSION AUTHORIZATION :"role";
