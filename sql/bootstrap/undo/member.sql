-- The migrator is a member of the owner no longer.
-- Variables: owner, migrator (roles).
REVOKE :"owner" FROM :"migrator";
