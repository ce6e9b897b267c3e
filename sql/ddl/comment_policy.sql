-- Says what made a policy, and in which version.
-- Variables: policy (its name), schema, table, comment (a literal, or NULL).
COMMENT ON POLICY :"policy" ON :"schema".:"table" IS :comment;
