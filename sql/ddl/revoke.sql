-- Takes privileges back.
-- Variables: privileges (a list), kind (TABLE, SEQUENCE, SCHEMA, DATABASE, ROUTINE or TYPE), object (its name), grantee (a role or PUBLIC).
REVOKE :privileges ON :kind :object FROM :grantee;
