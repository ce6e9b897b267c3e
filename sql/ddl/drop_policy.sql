-- Drops a policy.
-- Variables: policy (its name), schema, table.
DROP POLICY :"policy" ON :"schema".:"table";
