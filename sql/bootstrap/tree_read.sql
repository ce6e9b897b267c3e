-- Lets the system role read the tree of tenants, for the function that runs as it.
-- Variables: tree_schema, tree_table (a row for each tenant), system (role).
GRANT USAGE ON SCHEMA :"tree_schema" TO :"system";

GRANT SELECT ON TABLE :"tree_schema".:"tree_table" TO :"system";
