-- Grants privileges.
-- Variables: privileges (a list), kind (TABLE, SEQUENCE, SCHEMA, ROUTINE or TYPE), object (its name), grantee (a role or PUBLIC),
--     option (WITH GRANT OPTION, or nothing).
GRANT :privileges ON :kind :object TO :grantee:option;
