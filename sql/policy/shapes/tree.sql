-- Rows of a tenant and, to read, those of the tenants below it.
-- Variables: schema, table, column (that of the tenant, such as "tenant_id"), type (that of tenants),
--     support (the schema of tenant_tree()), roles (a list, such as "app", "owner"),
--     context (the expression that gives the tenant, such as (SELECT tenantry.tenant_id())).
--
-- The cast is what makes ANY take the array that the subselect gives, rather than its rows.
CREATE POLICY tenantry_select ON :"schema".:"table"
    AS PERMISSIVE
    FOR SELECT
    TO :roles
    USING (:column = ANY ((SELECT :"support".tenant_tree()):::type[]));

COMMENT ON POLICY tenantry_select ON :"schema".:"table" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_insert ON :"schema".:"table"
    AS PERMISSIVE
    FOR INSERT
    TO :roles
    WITH CHECK (:column = :context);

COMMENT ON POLICY tenantry_insert ON :"schema".:"table" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_update ON :"schema".:"table"
    AS PERMISSIVE
    FOR UPDATE
    TO :roles
    USING (:column = :context)
    WITH CHECK (:column = :context);

COMMENT ON POLICY tenantry_update ON :"schema".:"table" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_delete ON :"schema".:"table"
    AS PERMISSIVE
    FOR DELETE
    TO :roles
    USING (:column = :context);

COMMENT ON POLICY tenantry_delete ON :"schema".:"table" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_floor_select ON :"schema".:"table"
    AS RESTRICTIVE
    FOR SELECT
    TO PUBLIC
    USING (:column = ANY ((SELECT :"support".tenant_tree()):::type[]));

COMMENT ON POLICY tenantry_floor_select ON :"schema".:"table" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_floor_insert ON :"schema".:"table"
    AS RESTRICTIVE
    FOR INSERT
    TO PUBLIC
    WITH CHECK (:column = :context);

COMMENT ON POLICY tenantry_floor_insert ON :"schema".:"table" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_floor_update ON :"schema".:"table"
    AS RESTRICTIVE
    FOR UPDATE
    TO PUBLIC
    USING (:column = :context)
    WITH CHECK (:column = :context);

COMMENT ON POLICY tenantry_floor_update ON :"schema".:"table" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_floor_delete ON :"schema".:"table"
    AS RESTRICTIVE
    FOR DELETE
    TO PUBLIC
    USING (:column = :context);

COMMENT ON POLICY tenantry_floor_delete ON :"schema".:"table" IS 'tenantry: tree, version 1';
