-- Gives an object to another role.
-- Variables: kind (TABLE, SEQUENCE, SCHEMA, ROUTINE or TYPE), object (its name), owner (role).
ALTER :kind :object OWNER TO :"owner";
