-- Drops a role, which must own nothing and hold no privilege by now.
-- Variables: role.
DROP ROLE IF EXISTS :"role";
