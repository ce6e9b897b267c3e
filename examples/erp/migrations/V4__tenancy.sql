-- set the transaction up
SET LOCAL lock_timeout = '800ms';
SET LOCAL row_security = off;
SET LOCAL client_min_messages = warning;

SELECT pg_catalog.set_config('tenantry.search_path', pg_catalog.current_setting('search_path'), true);

SET LOCAL search_path = pg_catalog, pg_temp;

-- schema public: CREATE for erp_owner
GRANT CREATE ON SCHEMA "public" TO "erp_owner";

-- public.customer: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."customer" ALTER COLUMN "tenant_id" SET DEFAULT "tenantry".tenant_id();

-- public.file: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."file" ALTER COLUMN "tenant_id" SET DEFAULT "tenantry".tenant_id();

-- public.invoice: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."invoice" ALTER COLUMN "tenant_id" SET DEFAULT "tenantry".tenant_id();

-- public.invoice_line: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."invoice_line" ALTER COLUMN "tenant_id" SET DEFAULT "tenantry".tenant_id();

-- public.invoice_number: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."invoice_number" ALTER COLUMN "tenant_id" SET DEFAULT "tenantry".tenant_id();

-- public.member: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."member" ALTER COLUMN "tenant_id" SET DEFAULT "tenantry".tenant_id();

-- public.outbox: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."outbox" ALTER COLUMN "tenant_id" SET DEFAULT "tenantry".tenant_id();

-- public.payment: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."payment" ALTER COLUMN "tenant_id" SET DEFAULT "tenantry".tenant_id();

-- public.product: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."product" ALTER COLUMN "tenant_id" SET DEFAULT "tenantry".tenant_id();

-- public.trail: column tenant_id defaults to the tenant of the transaction
ALTER TABLE "public"."trail" ALTER COLUMN "tenant_id" SET DEFAULT "tenantry".tenant_id();

-- public.company: policies of shape tenant
CREATE POLICY "tenantry_floor" ON "public"."company"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_floor" ON "public"."company" IS 'tenantry: tenant, version 1';

CREATE POLICY "tenantry_tenant" ON "public"."company"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_tenant" ON "public"."company" IS 'tenantry: tenant, version 1';

-- public.company: row-level security is enabled and forced
ALTER TABLE "public"."company" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."company" FORCE ROW LEVEL SECURITY;

-- public.customer: policies of shape tenant
CREATE POLICY "tenantry_floor" ON "public"."customer"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_floor" ON "public"."customer" IS 'tenantry: tenant, version 1';

CREATE POLICY "tenantry_tenant" ON "public"."customer"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_tenant" ON "public"."customer" IS 'tenantry: tenant, version 1';

-- public.customer: row-level security is enabled and forced
ALTER TABLE "public"."customer" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."customer" FORCE ROW LEVEL SECURITY;

-- public.file: policies of shape tenant
CREATE POLICY "tenantry_floor" ON "public"."file"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_floor" ON "public"."file" IS 'tenantry: tenant, version 1';

CREATE POLICY "tenantry_tenant" ON "public"."file"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_tenant" ON "public"."file" IS 'tenantry: tenant, version 1';

-- public.file: row-level security is enabled and forced
ALTER TABLE "public"."file" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."file" FORCE ROW LEVEL SECURITY;

-- public.invoice: policies of shape tenant
CREATE POLICY "tenantry_floor" ON "public"."invoice"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_floor" ON "public"."invoice" IS 'tenantry: tenant, version 1';

CREATE POLICY "tenantry_tenant" ON "public"."invoice"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_tenant" ON "public"."invoice" IS 'tenantry: tenant, version 1';

-- public.invoice: row-level security is enabled and forced
ALTER TABLE "public"."invoice" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."invoice" FORCE ROW LEVEL SECURITY;

-- public.invoice_line: policies of shape tenant
CREATE POLICY "tenantry_floor" ON "public"."invoice_line"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_floor" ON "public"."invoice_line" IS 'tenantry: tenant, version 1';

CREATE POLICY "tenantry_tenant" ON "public"."invoice_line"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_tenant" ON "public"."invoice_line" IS 'tenantry: tenant, version 1';

-- public.invoice_line: row-level security is enabled and forced
ALTER TABLE "public"."invoice_line" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."invoice_line" FORCE ROW LEVEL SECURITY;

-- public.invoice_number: policies of shape tenant
CREATE POLICY "tenantry_floor" ON "public"."invoice_number"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_floor" ON "public"."invoice_number" IS 'tenantry: tenant, version 1';

CREATE POLICY "tenantry_tenant" ON "public"."invoice_number"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_tenant" ON "public"."invoice_number" IS 'tenantry: tenant, version 1';

-- public.invoice_number: row-level security is enabled and forced
ALTER TABLE "public"."invoice_number" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."invoice_number" FORCE ROW LEVEL SECURITY;

-- public.member: policies of shape tenant
CREATE POLICY "tenantry_floor" ON "public"."member"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_floor" ON "public"."member" IS 'tenantry: tenant, version 1';

CREATE POLICY "tenantry_tenant" ON "public"."member"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_tenant" ON "public"."member" IS 'tenantry: tenant, version 1';

-- public.member: row-level security is enabled and forced
ALTER TABLE "public"."member" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."member" FORCE ROW LEVEL SECURITY;

-- public.outbox: policies of shape tenant
CREATE POLICY "tenantry_floor" ON "public"."outbox"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_floor" ON "public"."outbox" IS 'tenantry: tenant, version 1';

CREATE POLICY "tenantry_tenant" ON "public"."outbox"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_tenant" ON "public"."outbox" IS 'tenantry: tenant, version 1';

-- public.outbox: row-level security is enabled and forced
ALTER TABLE "public"."outbox" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."outbox" FORCE ROW LEVEL SECURITY;

-- public.payment: policies of shape tenant
CREATE POLICY "tenantry_floor" ON "public"."payment"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_floor" ON "public"."payment" IS 'tenantry: tenant, version 1';

CREATE POLICY "tenantry_tenant" ON "public"."payment"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_tenant" ON "public"."payment" IS 'tenantry: tenant, version 1';

-- public.payment: row-level security is enabled and forced
ALTER TABLE "public"."payment" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."payment" FORCE ROW LEVEL SECURITY;

-- public.product: policies of shape tenant
CREATE POLICY "tenantry_floor" ON "public"."product"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_floor" ON "public"."product" IS 'tenantry: tenant, version 1';

CREATE POLICY "tenantry_tenant" ON "public"."product"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_tenant" ON "public"."product" IS 'tenantry: tenant, version 1';

-- public.product: row-level security is enabled and forced
ALTER TABLE "public"."product" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."product" FORCE ROW LEVEL SECURITY;

-- public.trail: policies of shape tenant
CREATE POLICY "tenantry_floor" ON "public"."trail"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_floor" ON "public"."trail" IS 'tenantry: tenant, version 1';

CREATE POLICY "tenantry_tenant" ON "public"."trail"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = (SELECT "tenantry".tenant_id()))
    WITH CHECK ("tenant_id" = (SELECT "tenantry".tenant_id()));

COMMENT ON POLICY "tenantry_tenant" ON "public"."trail" IS 'tenantry: tenant, version 1';

-- public.trail: row-level security is enabled and forced
ALTER TABLE "public"."trail" ENABLE ROW LEVEL SECURITY;

ALTER TABLE "public"."trail" FORCE ROW LEVEL SECURITY;

-- public.company: SELECT for erp_app
GRANT SELECT ON TABLE "public"."company" TO "erp_app";

-- public.company: SELECT, INSERT, UPDATE, DELETE for erp_system
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."company" TO "erp_system";

-- public.customer: SELECT, INSERT, UPDATE, DELETE for erp_app
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."customer" TO "erp_app";

-- public.customer: SELECT, INSERT, UPDATE, DELETE for erp_system
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."customer" TO "erp_system";

-- public.file: SELECT, INSERT, UPDATE, DELETE for erp_app
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."file" TO "erp_app";

-- public.file: SELECT, INSERT, UPDATE, DELETE for erp_system
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."file" TO "erp_system";

-- public.invoice: SELECT, INSERT, UPDATE, DELETE for erp_app
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."invoice" TO "erp_app";

-- public.invoice: SELECT, INSERT, UPDATE, DELETE for erp_system
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."invoice" TO "erp_system";

-- public.invoice_line: SELECT, INSERT, UPDATE, DELETE for erp_app
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."invoice_line" TO "erp_app";

-- public.invoice_line: SELECT, INSERT, UPDATE, DELETE for erp_system
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."invoice_line" TO "erp_system";

-- public.invoice_number: SELECT, INSERT, UPDATE, DELETE for erp_app
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."invoice_number" TO "erp_app";

-- public.invoice_number: SELECT, INSERT, UPDATE, DELETE for erp_system
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."invoice_number" TO "erp_system";

-- public.member: SELECT for erp_app
GRANT SELECT ON TABLE "public"."member" TO "erp_app";

-- public.member: SELECT, INSERT, UPDATE, DELETE for erp_system
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."member" TO "erp_system";

-- public.outbox: SELECT, INSERT, UPDATE, DELETE for erp_app
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."outbox" TO "erp_app";

-- public.outbox: SELECT, INSERT, UPDATE, DELETE for erp_system
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."outbox" TO "erp_system";

-- public.payment: SELECT, INSERT, UPDATE, DELETE for erp_app
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."payment" TO "erp_app";

-- public.payment: SELECT, INSERT, UPDATE, DELETE for erp_system
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."payment" TO "erp_system";

-- public.product: SELECT, INSERT, UPDATE, DELETE for erp_app
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."product" TO "erp_app";

-- public.product: SELECT, INSERT, UPDATE, DELETE for erp_system
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."product" TO "erp_system";

-- public.trail: SELECT, INSERT for erp_app
GRANT SELECT, INSERT ON TABLE "public"."trail" TO "erp_app";

-- public.trail: SELECT, INSERT, UPDATE, DELETE for erp_system
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "public"."trail" TO "erp_system";

-- give the transaction its search_path back
-- Gives a transaction its search_path back, for what somebody else does in it behind a script.
SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('tenantry.search_path'), true);

