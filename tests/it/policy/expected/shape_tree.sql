-- Tree(TenantColumn { name: None, direct: false, as_text: false })
CREATE POLICY tenantry_select ON "erp"."report"
    AS PERMISSIVE
    FOR SELECT
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = ANY ((SELECT "tenantry".tenant_tree())::uuid[]));

COMMENT ON POLICY tenantry_select ON "erp"."report" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_insert ON "erp"."report"
    AS PERMISSIVE
    FOR INSERT
    TO "erp_app", "erp_owner"
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_insert ON "erp"."report" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_update ON "erp"."report"
    AS PERMISSIVE
    FOR UPDATE
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_update ON "erp"."report" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_delete ON "erp"."report"
    AS PERMISSIVE
    FOR DELETE
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_delete ON "erp"."report" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_floor_select ON "erp"."report"
    AS RESTRICTIVE
    FOR SELECT
    TO PUBLIC
    USING ("tenant_id" = ANY ((SELECT "tenantry".tenant_tree())::uuid[]));

COMMENT ON POLICY tenantry_floor_select ON "erp"."report" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_floor_insert ON "erp"."report"
    AS RESTRICTIVE
    FOR INSERT
    TO PUBLIC
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_floor_insert ON "erp"."report" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_floor_update ON "erp"."report"
    AS RESTRICTIVE
    FOR UPDATE
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_floor_update ON "erp"."report" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_floor_delete ON "erp"."report"
    AS RESTRICTIVE
    FOR DELETE
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_floor_delete ON "erp"."report" IS 'tenantry: tree, version 1';

-- Tree(TenantColumn { name: None, direct: false, as_text: false })
CREATE POLICY tenantry_select ON "erp"."report"
    AS PERMISSIVE
    FOR SELECT
    TO "erp_app", "erp_owner"
    USING ("Company" = ANY ((SELECT "tenantry".tenant_tree())::text[]));

COMMENT ON POLICY tenantry_select ON "erp"."report" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_insert ON "erp"."report"
    AS PERMISSIVE
    FOR INSERT
    TO "erp_app", "erp_owner"
    WITH CHECK ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')));

COMMENT ON POLICY tenantry_insert ON "erp"."report" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_update ON "erp"."report"
    AS PERMISSIVE
    FOR UPDATE
    TO "erp_app", "erp_owner"
    USING ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')))
    WITH CHECK ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')));

COMMENT ON POLICY tenantry_update ON "erp"."report" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_delete ON "erp"."report"
    AS PERMISSIVE
    FOR DELETE
    TO "erp_app", "erp_owner"
    USING ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')));

COMMENT ON POLICY tenantry_delete ON "erp"."report" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_floor_select ON "erp"."report"
    AS RESTRICTIVE
    FOR SELECT
    TO PUBLIC
    USING ("Company" = ANY ((SELECT "tenantry".tenant_tree())::text[]));

COMMENT ON POLICY tenantry_floor_select ON "erp"."report" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_floor_insert ON "erp"."report"
    AS RESTRICTIVE
    FOR INSERT
    TO PUBLIC
    WITH CHECK ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')));

COMMENT ON POLICY tenantry_floor_insert ON "erp"."report" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_floor_update ON "erp"."report"
    AS RESTRICTIVE
    FOR UPDATE
    TO PUBLIC
    USING ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')))
    WITH CHECK ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')));

COMMENT ON POLICY tenantry_floor_update ON "erp"."report" IS 'tenantry: tree, version 1';

CREATE POLICY tenantry_floor_delete ON "erp"."report"
    AS RESTRICTIVE
    FOR DELETE
    TO PUBLIC
    USING ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')));

COMMENT ON POLICY tenantry_floor_delete ON "erp"."report" IS 'tenantry: tree, version 1';