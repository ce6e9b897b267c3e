-- Makes a policy.
-- Variables: policy (its name), schema, table, kind (PERMISSIVE or RESTRICTIVE), command, roles (a list),
--     conditions (USING and WITH CHECK).
CREATE POLICY :"policy" ON :"schema".:"table"
    AS :kind
    FOR :command
    TO :roles:conditions;
