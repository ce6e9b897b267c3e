-- set the transaction up
SET LOCAL lock_timeout = '800ms';
SET LOCAL row_security = off;
SET LOCAL client_min_messages = warning;

SELECT pg_catalog.set_config('tenantry.search_path', pg_catalog.current_setting('search_path'), true);

SET LOCAL search_path = pg_catalog, pg_temp;

-- public.member: INSERT, UPDATE, DELETE for erp_app
REVOKE INSERT, UPDATE, DELETE ON TABLE "public"."member" FROM "erp_app";

-- public.closed_day: SELECT, INSERT, UPDATE, DELETE for erp_system
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."closed_day" FROM "erp_system";

-- public.closed_day: SELECT, INSERT for erp_app
REVOKE SELECT, INSERT ON TABLE "public"."closed_day" FROM "erp_app";

-- public.closed_day: row-level security is enabled and forced
ALTER TABLE "public"."closed_day" NO FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."closed_day" DISABLE ROW LEVEL SECURITY;

-- public.closed_day: policies of shape tenant
DROP POLICY "tenantry_tenant" ON "public"."closed_day";

DROP POLICY "tenantry_floor" ON "public"."closed_day";

-- public.closed_day: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."closed_day" ALTER COLUMN "tenant_id" DROP DEFAULT;

-- give the transaction its search_path back
-- Gives a transaction its search_path back, for what somebody else does in it behind a script.
SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('tenantry.search_path'), true);

