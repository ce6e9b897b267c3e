-- Changes a policy in place: there is no moment in which it does not hold.
-- Variables: policy (its name), schema, table, roles (a list), conditions (USING and WITH CHECK).
ALTER POLICY :"policy" ON :"schema".:"table"
    TO :roles:conditions;
