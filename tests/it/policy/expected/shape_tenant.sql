-- Tenant(TenantColumn { name: None, direct: false, as_text: false })
CREATE POLICY tenantry_tenant ON "erp"."invoice"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_tenant ON "erp"."invoice" IS 'tenantry: tenant, version 1';

CREATE POLICY tenantry_floor ON "erp"."invoice"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY tenantry_floor ON "erp"."invoice" IS 'tenantry: tenant, version 1';

-- Tenant(TenantColumn { name: None, direct: true, as_text: false })
CREATE POLICY tenantry_tenant ON "erp"."invoice"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = "tenantry".tenant_id())
    WITH CHECK ("tenant_id" = "tenantry".tenant_id());

COMMENT ON POLICY tenantry_tenant ON "erp"."invoice" IS 'tenantry: tenant, version 1';

CREATE POLICY tenantry_floor ON "erp"."invoice"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = "tenantry".tenant_id())
    WITH CHECK ("tenant_id" = "tenantry".tenant_id());

COMMENT ON POLICY tenantry_floor ON "erp"."invoice" IS 'tenantry: tenant, version 1';

-- Tenant(TenantColumn { name: None, direct: false, as_text: false })
CREATE POLICY tenantry_tenant ON "erp"."invoice"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')))
    WITH CHECK ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')));

COMMENT ON POLICY tenantry_tenant ON "erp"."invoice" IS 'tenantry: tenant, version 1';

CREATE POLICY tenantry_floor ON "erp"."invoice"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')))
    WITH CHECK ("Company" = (SELECT nullif(pg_catalog.current_setting('app.tenant_id', true), '')));

COMMENT ON POLICY tenantry_floor ON "erp"."invoice" IS 'tenantry: tenant, version 1';

-- Tenant(TenantColumn { name: None, direct: true, as_text: false })
CREATE POLICY tenantry_tenant ON "erp"."invoice"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("Company" = nullif(pg_catalog.current_setting('app.tenant_id', true), ''))
    WITH CHECK ("Company" = nullif(pg_catalog.current_setting('app.tenant_id', true), ''));

COMMENT ON POLICY tenantry_tenant ON "erp"."invoice" IS 'tenantry: tenant, version 1';

CREATE POLICY tenantry_floor ON "erp"."invoice"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("Company" = nullif(pg_catalog.current_setting('app.tenant_id', true), ''))
    WITH CHECK ("Company" = nullif(pg_catalog.current_setting('app.tenant_id', true), ''));

COMMENT ON POLICY tenantry_floor ON "erp"."invoice" IS 'tenantry: tenant, version 1';