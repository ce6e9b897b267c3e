-- The four verbs that policies govern, and nothing else.
-- Variables: schema, table, writers (a list of roles).
--
-- TRUNCATE ignores policies, REFERENCES lets a role probe for keys that it cannot see, and a trigger sees the
-- rows of everybody who writes.
REVOKE TRUNCATE, REFERENCES, TRIGGER ON TABLE :"schema".:"table" FROM PUBLIC;

REVOKE ALL ON TABLE :"schema".:"table" FROM :writers;

GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE :"schema".:"table" TO :writers;
