-- Goes on as another role.
-- Variables: local (LOCAL within a transaction, or SESSION), role.
SET :local ROLE :"role";
