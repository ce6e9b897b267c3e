-- Goes on as the role that has logged in.
-- Variables: local (LOCAL within a transaction, or SESSION).
SET :local ROLE NONE;
