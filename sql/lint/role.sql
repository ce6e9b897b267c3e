-- Makes a role that files take for granted.
-- Variables: role.
CREATE ROLE :"role" LOGIN;
