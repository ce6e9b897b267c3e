-- set the transaction up
SET LOCAL lock_timeout = '800ms';
SET LOCAL row_security = off;
SET LOCAL client_min_messages = warning;

SELECT pg_catalog.set_config('tenantry.search_path', pg_catalog.current_setting('search_path'), true);

SET LOCAL search_path = pg_catalog, pg_temp;

-- public.closed_day: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."closed_day" ALTER COLUMN "tenant_id" SET DEFAULT "tenantry".tenant_id();

-- public.closed_day: policies of shape tenant
CREATE POLICY "tenantry_floor" ON "public"."closed_day"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_floor" ON "public"."closed_day" IS 'tenantry: tenant, version 1';

CREATE POLICY "tenantry_tenant" ON "public"."closed_day"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_tenant" ON "public"."closed_day" IS 'tenantry: tenant, version 1';

-- public.closed_day: row-level security is enabled and forced
ALTER TABLE "public"."closed_day" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."closed_day" FORCE ROW LEVEL SECURITY;

-- public.closed_day: SELECT, INSERT for erp_app
GRANT SELECT, INSERT ON TABLE "public"."closed_day" TO "erp_app";

-- public.closed_day: SELECT, INSERT, UPDATE, DELETE for erp_system
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."closed_day" TO "erp_system";

-- public.member: INSERT, UPDATE, DELETE for erp_app
GRANT INSERT, UPDATE, DELETE ON TABLE "public"."member" TO "erp_app";

-- give the transaction its search_path back
-- Gives a transaction its search_path back, for what somebody else does in it behind a script.
SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('tenantry.search_path'), true);

