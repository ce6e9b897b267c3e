-- Takes away what policies do not govern, and from some roles everything.
-- Variables: schema, table, roles (a list).
--
-- TRUNCATE ignores policies, REFERENCES lets a role probe for keys that it cannot see, and a trigger sees the
-- rows of everybody who writes.
REVOKE TRUNCATE, REFERENCES, TRIGGER ON TABLE :"schema".:"table" FROM PUBLIC;

REVOKE ALL ON TABLE :"schema".:"table" FROM :roles;
