-- Becomes a role as if it had logged in: RESET ROLE leads nowhere else.
-- Variables: role.
SET LOCAL SESSION AUTHORIZATION :"role";
