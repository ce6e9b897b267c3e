-- Ends a membership.
-- Variables: role, member (a role).
REVOKE :"role" FROM :"member";
