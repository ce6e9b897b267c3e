-- Makes the role that runs files: a superuser, so that no right is missing that the true server grants.
-- Variables: role.
CREATE ROLE :"role" LOGIN SUPERUSER;
