-- One tenant, its own rows.
-- Variables: schema, table, column, app and owner (roles), context (the expression that gives the tenant).
--
-- The permissive policy opens the table to the rows of one tenant. The restrictive one says the same to
-- everybody: a permissive policy that somebody adds later cannot widen what it leaves. The planner drops the
-- second of two equal conditions, so reading costs nothing more. The context stands in a subselect for the
-- server to evaluate it once per statement and not once per row.
ALTER TABLE :"schema".:"table"
    ENABLE ROW LEVEL SECURITY,
    FORCE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS tenantry_tenant ON :"schema".:"table";

CREATE POLICY tenantry_tenant ON :"schema".:"table"
    AS PERMISSIVE
    FOR ALL
    TO :"app", :"owner"
    USING (:"column" = (SELECT :context))
    WITH CHECK (:"column" = (SELECT :context));

DROP POLICY IF EXISTS tenantry_floor ON :"schema".:"table";

CREATE POLICY tenantry_floor ON :"schema".:"table"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING (:"column" = (SELECT :context))
    WITH CHECK (:"column" = (SELECT :context));
