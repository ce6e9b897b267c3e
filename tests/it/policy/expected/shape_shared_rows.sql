-- SharedRows(TenantColumn { name: None, direct: false, as_text: false })
CREATE POLICY tenantry_select ON "erp"."product"
    AS PERMISSIVE
    FOR SELECT
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()) OR "tenant_id" IS NULL);

COMMENT ON POLICY tenantry_select ON "erp"."product" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_insert ON "erp"."product"
    AS PERMISSIVE
    FOR INSERT
    TO "erp_app", "erp_owner"
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_insert ON "erp"."product" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_update ON "erp"."product"
    AS PERMISSIVE
    FOR UPDATE
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_update ON "erp"."product" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_delete ON "erp"."product"
    AS PERMISSIVE
    FOR DELETE
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_delete ON "erp"."product" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_floor_select ON "erp"."product"
    AS RESTRICTIVE
    FOR SELECT
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()) OR "tenant_id" IS NULL);

COMMENT ON POLICY tenantry_floor_select ON "erp"."product" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_floor_insert ON "erp"."product"
    AS RESTRICTIVE
    FOR INSERT
    TO PUBLIC
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_floor_insert ON "erp"."product" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_floor_update ON "erp"."product"
    AS RESTRICTIVE
    FOR UPDATE
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_floor_update ON "erp"."product" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_floor_delete ON "erp"."product"
    AS RESTRICTIVE
    FOR DELETE
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_floor_delete ON "erp"."product" IS 'tenantry: shared_rows, version 1';

-- SharedRows(TenantColumn { name: None, direct: false, as_text: false })
CREATE POLICY tenantry_select ON "erp"."product"
    AS PERMISSIVE
    FOR SELECT
    TO "erp_app", "erp_owner"
    USING ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')) OR "Company" IS NULL);

COMMENT ON POLICY tenantry_select ON "erp"."product" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_insert ON "erp"."product"
    AS PERMISSIVE
    FOR INSERT
    TO "erp_app", "erp_owner"
    WITH CHECK ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')));

COMMENT ON POLICY tenantry_insert ON "erp"."product" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_update ON "erp"."product"
    AS PERMISSIVE
    FOR UPDATE
    TO "erp_app", "erp_owner"
    USING ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')))
    WITH CHECK ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')));

COMMENT ON POLICY tenantry_update ON "erp"."product" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_delete ON "erp"."product"
    AS PERMISSIVE
    FOR DELETE
    TO "erp_app", "erp_owner"
    USING ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')));

COMMENT ON POLICY tenantry_delete ON "erp"."product" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_floor_select ON "erp"."product"
    AS RESTRICTIVE
    FOR SELECT
    TO PUBLIC
    USING ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')) OR "Company" IS NULL);

COMMENT ON POLICY tenantry_floor_select ON "erp"."product" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_floor_insert ON "erp"."product"
    AS RESTRICTIVE
    FOR INSERT
    TO PUBLIC
    WITH CHECK ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')));

COMMENT ON POLICY tenantry_floor_insert ON "erp"."product" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_floor_update ON "erp"."product"
    AS RESTRICTIVE
    FOR UPDATE
    TO PUBLIC
    USING ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')))
    WITH CHECK ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')));

COMMENT ON POLICY tenantry_floor_update ON "erp"."product" IS 'tenantry: shared_rows, version 1';

CREATE POLICY tenantry_floor_delete ON "erp"."product"
    AS RESTRICTIVE
    FOR DELETE
    TO PUBLIC
    USING ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')));

COMMENT ON POLICY tenantry_floor_delete ON "erp"."product" IS 'tenantry: shared_rows, version 1';