-- The verbs that policies govern, or some of them.
-- Variables: schema, table, privileges (a list, such as SELECT, INSERT), role.
GRANT :privileges ON TABLE :"schema".:"table" TO :"role";
