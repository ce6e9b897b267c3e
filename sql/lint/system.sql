-- Makes the role for work across tenants.
-- Variables: role.
CREATE ROLE :"role" LOGIN BYPASSRLS;
