-- Takes privileges back.
-- Variables: privileges (a list), kind (TABLE, SEQUENCE, SCHEMA or DATABASE), object (its name), grantee (a role or PUBLIC).
REVOKE :privileges ON :kind :object FROM :grantee;
