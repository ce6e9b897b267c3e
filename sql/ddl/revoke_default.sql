-- Tables that are still to be made no longer grant these privileges.
-- Variables: role (that makes them), schema (empty, or IN SCHEMA and its name), privileges (a list), grantee (a role or PUBLIC).
ALTER DEFAULT PRIVILEGES FOR ROLE :"role" :schema REVOKE :privileges ON TABLES FROM :grantee;
