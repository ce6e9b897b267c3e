-- set the transaction up
SET LOCAL lock_timeout = '800ms';
SET LOCAL row_security = off;
SET LOCAL client_min_messages = warning;

SELECT pg_catalog.set_config('tenantry.search_path', pg_catalog.current_setting('search_path'), true);

SET LOCAL search_path = pg_catalog, pg_temp;

-- public.trail: SELECT, INSERT, UPDATE, DELETE for erp_system
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."trail" FROM "erp_system";

-- public.trail: SELECT, INSERT for erp_app
REVOKE SELECT, INSERT ON TABLE "public"."trail" FROM "erp_app";

-- public.product: SELECT, INSERT, UPDATE, DELETE for erp_system
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."product" FROM "erp_system";

-- public.product: SELECT, INSERT, UPDATE, DELETE for erp_app
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."product" FROM "erp_app";

-- public.payment: SELECT, INSERT, UPDATE, DELETE for erp_system
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."payment" FROM "erp_system";

-- public.payment: SELECT, INSERT, UPDATE, DELETE for erp_app
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."payment" FROM "erp_app";

-- public.outbox: SELECT, INSERT, UPDATE, DELETE for erp_system
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."outbox" FROM "erp_system";

-- public.outbox: SELECT, INSERT, UPDATE, DELETE for erp_app
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."outbox" FROM "erp_app";

-- public.member: SELECT, INSERT, UPDATE, DELETE for erp_system
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."member" FROM "erp_system";

-- public.member: SELECT for erp_app
REVOKE SELECT ON TABLE "public"."member" FROM "erp_app";

-- public.invoice_number: SELECT, INSERT, UPDATE, DELETE for erp_system
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."invoice_number" FROM "erp_system";

-- public.invoice_number: SELECT, INSERT, UPDATE, DELETE for erp_app
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."invoice_number" FROM "erp_app";

-- public.invoice_line: SELECT, INSERT, UPDATE, DELETE for erp_system
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."invoice_line" FROM "erp_system";

-- public.invoice_line: SELECT, INSERT, UPDATE, DELETE for erp_app
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."invoice_line" FROM "erp_app";

-- public.invoice: SELECT, INSERT, UPDATE, DELETE for erp_system
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."invoice" FROM "erp_system";

-- public.invoice: SELECT, INSERT, UPDATE, DELETE for erp_app
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."invoice" FROM "erp_app";

-- public.file: SELECT, INSERT, UPDATE, DELETE for erp_system
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."file" FROM "erp_system";

-- public.file: SELECT, INSERT, UPDATE, DELETE for erp_app
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."file" FROM "erp_app";

-- public.customer: SELECT, INSERT, UPDATE, DELETE for erp_system
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."customer" FROM "erp_system";

-- public.customer: SELECT, INSERT, UPDATE, DELETE for erp_app
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."customer" FROM "erp_app";

-- public.company: SELECT, INSERT, UPDATE, DELETE for erp_system
REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."company" FROM "erp_system";

-- public.company: SELECT for erp_app
REVOKE SELECT ON TABLE "public"."company" FROM "erp_app";

-- public.trail: row-level security is enabled and forced
ALTER TABLE "public"."trail" NO FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."trail" DISABLE ROW LEVEL SECURITY;

-- public.trail: policies of shape tenant
DROP POLICY "tenantry_tenant" ON "public"."trail";

DROP POLICY "tenantry_floor" ON "public"."trail";

-- public.product: row-level security is enabled and forced
ALTER TABLE "public"."product" NO FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."product" DISABLE ROW LEVEL SECURITY;

-- public.product: policies of shape tenant
DROP POLICY "tenantry_tenant" ON "public"."product";

DROP POLICY "tenantry_floor" ON "public"."product";

-- public.payment: row-level security is enabled and forced
ALTER TABLE "public"."payment" NO FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."payment" DISABLE ROW LEVEL SECURITY;

-- public.payment: policies of shape tenant
DROP POLICY "tenantry_tenant" ON "public"."payment";

DROP POLICY "tenantry_floor" ON "public"."payment";

-- public.outbox: row-level security is enabled and forced
ALTER TABLE "public"."outbox" NO FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."outbox" DISABLE ROW LEVEL SECURITY;

-- public.outbox: policies of shape tenant
DROP POLICY "tenantry_tenant" ON "public"."outbox";

DROP POLICY "tenantry_floor" ON "public"."outbox";

-- public.member: row-level security is enabled and forced
ALTER TABLE "public"."member" NO FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."member" DISABLE ROW LEVEL SECURITY;

-- public.member: policies of shape tenant
DROP POLICY "tenantry_tenant" ON "public"."member";

DROP POLICY "tenantry_floor" ON "public"."member";

-- public.invoice_number: row-level security is enabled and forced
ALTER TABLE "public"."invoice_number" NO FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."invoice_number" DISABLE ROW LEVEL SECURITY;

-- public.invoice_number: policies of shape tenant
DROP POLICY "tenantry_tenant" ON "public"."invoice_number";

DROP POLICY "tenantry_floor" ON "public"."invoice_number";

-- public.invoice_line: row-level security is enabled and forced
ALTER TABLE "public"."invoice_line" NO FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."invoice_line" DISABLE ROW LEVEL SECURITY;

-- public.invoice_line: policies of shape tenant
DROP POLICY "tenantry_tenant" ON "public"."invoice_line";

DROP POLICY "tenantry_floor" ON "public"."invoice_line";

-- public.invoice: row-level security is enabled and forced
ALTER TABLE "public"."invoice" NO FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."invoice" DISABLE ROW LEVEL SECURITY;

-- public.invoice: policies of shape tenant
DROP POLICY "tenantry_tenant" ON "public"."invoice";

DROP POLICY "tenantry_floor" ON "public"."invoice";

-- public.file: row-level security is enabled and forced
ALTER TABLE "public"."file" NO FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."file" DISABLE ROW LEVEL SECURITY;

-- public.file: policies of shape tenant
DROP POLICY "tenantry_tenant" ON "public"."file";

DROP POLICY "tenantry_floor" ON "public"."file";

-- public.customer: row-level security is enabled and forced
ALTER TABLE "public"."customer" NO FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."customer" DISABLE ROW LEVEL SECURITY;

-- public.customer: policies of shape tenant
DROP POLICY "tenantry_tenant" ON "public"."customer";

DROP POLICY "tenantry_floor" ON "public"."customer";

-- public.company: row-level security is enabled and forced
ALTER TABLE "public"."company" NO FORCE ROW LEVEL SECURITY;

ALTER TABLE "public"."company" DISABLE ROW LEVEL SECURITY;

-- public.company: policies of shape tenant
DROP POLICY "tenantry_tenant" ON "public"."company";

DROP POLICY "tenantry_floor" ON "public"."company";

-- public.trail: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."trail" ALTER COLUMN "tenant_id" DROP DEFAULT;

-- public.product: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."product" ALTER COLUMN "tenant_id" DROP DEFAULT;

-- public.payment: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."payment" ALTER COLUMN "tenant_id" DROP DEFAULT;

-- public.outbox: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."outbox" ALTER COLUMN "tenant_id" DROP DEFAULT;

-- public.member: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."member" ALTER COLUMN "tenant_id" DROP DEFAULT;

-- public.invoice_number: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."invoice_number" ALTER COLUMN "tenant_id" DROP DEFAULT;

-- public.invoice_line: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."invoice_line" ALTER COLUMN "tenant_id" DROP DEFAULT;

-- public.invoice: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."invoice" ALTER COLUMN "tenant_id" DROP DEFAULT;

-- public.file: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."file" ALTER COLUMN "tenant_id" DROP DEFAULT;

-- public.customer: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."customer" ALTER COLUMN "tenant_id" DROP DEFAULT;

-- schema public: CREATE for erp_owner
REVOKE CREATE ON SCHEMA "public" FROM "erp_owner";

-- give the transaction its search_path back
-- Gives a transaction its search_path back, for what somebody else does in it behind a script.
SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('tenantry.search_path'), true);

