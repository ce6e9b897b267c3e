-- Own rows, and rows of no tenant's, which all read and none writes.
-- Variables: schema, table, column (that of the tenant, such as "tenant_id"), roles (a list, such as "app", "owner"),
--     context (the expression that gives the tenant, such as (SELECT tenantry.tenant_id())).
--
-- One permissive and one restrictive policy for each command, with the same condition: two permissive ones would be
-- joined by OR, and the planner would not see any more that the restrictive one says the same.
CREATE POLICY tenantry_select ON :"schema".:"table"
    AS PERMISSIVE
    FOR SELECT
    TO :roles
    USING (:column = :context OR :column IS NULL);

COMMENT ON POLICY tenantry_select ON :"schema".:"table" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_insert ON :"schema".:"table"
    AS PERMISSIVE
    FOR INSERT
    TO :roles
    WITH CHECK (:column = :context);

COMMENT ON POLICY tenantry_insert ON :"schema".:"table" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_update ON :"schema".:"table"
    AS PERMISSIVE
    FOR UPDATE
    TO :roles
    USING (:column = :context)
    WITH CHECK (:column = :context);

COMMENT ON POLICY tenantry_update ON :"schema".:"table" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_delete ON :"schema".:"table"
    AS PERMISSIVE
    FOR DELETE
    TO :roles
    USING (:column = :context);

COMMENT ON POLICY tenantry_delete ON :"schema".:"table" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_floor_select ON :"schema".:"table"
    AS RESTRICTIVE
    FOR SELECT
    TO PUBLIC
    USING (:column = :context OR :column IS NULL);

COMMENT ON POLICY tenantry_floor_select ON :"schema".:"table" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_floor_insert ON :"schema".:"table"
    AS RESTRICTIVE
    FOR INSERT
    TO PUBLIC
    WITH CHECK (:column = :context);

COMMENT ON POLICY tenantry_floor_insert ON :"schema".:"table" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_floor_update ON :"schema".:"table"
    AS RESTRICTIVE
    FOR UPDATE
    TO PUBLIC
    USING (:column = :context)
    WITH CHECK (:column = :context);

COMMENT ON POLICY tenantry_floor_update ON :"schema".:"table" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_floor_delete ON :"schema".:"table"
    AS RESTRICTIVE
    FOR DELETE
    TO PUBLIC
    USING (:column = :context);

COMMENT ON POLICY tenantry_floor_delete ON :"schema".:"table" IS 'tenantry: shared_rows, version 1';
