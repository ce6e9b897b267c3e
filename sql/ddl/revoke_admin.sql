-- A member may no longer let others in, itself included.
-- Variables: role, member (a role).
REVOKE ADMIN OPTION FOR :"role" FROM :"member";
