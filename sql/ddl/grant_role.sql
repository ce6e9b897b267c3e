-- Makes a role a member of another.
-- Variables: role, member.
GRANT :"role" TO :"member";
