-- One tenant, its own rows.
-- Variables: schema, table, column (that of the tenant, such as "tenant_id"), roles (a list, such as "app", "owner"),
--     context (the expression that gives the tenant, such as (SELECT tenantry.tenant_id())).
--
-- The permissive policy opens the table to the rows of one tenant. The restrictive one says the same to
-- everybody: a permissive policy that somebody adds later cannot widen what it leaves. The planner drops the
-- second of two equal conditions, so reading costs nothing more. The context stands in a subselect for the
-- server to evaluate it once per statement and not once per row.
CREATE POLICY tenantry_tenant ON :"schema".:"table"
    AS PERMISSIVE
    FOR ALL
    TO :roles
    USING (:column = :context)
    WITH CHECK (:column = :context);

COMMENT ON POLICY tenantry_tenant ON :"schema".:"table" IS 'tenantry: tenant, version 1';

CREATE POLICY tenantry_floor ON :"schema".:"table"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING (:column = :context)
    WITH CHECK (:column = :context);

COMMENT ON POLICY tenantry_floor ON :"schema".:"table" IS 'tenantry: tenant, version 1';
