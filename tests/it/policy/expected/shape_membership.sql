-- Membership(TenantColumn { name: None, direct: false, as_text: false })
CREATE POLICY tenantry_membership ON "erp"."document"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("tenant_id" = ANY (ARRAY(SELECT "member"."tenant_id" FROM "erp"."membership" AS "member"
                                WHERE "member"."user_id" = (SELECT coalesce(nullif(pg_catalog.current_setting('app.user_id', true), ''), "tenantry".no_tenant('app.user_id'))::bigint))))
    WITH CHECK ("tenant_id" = ANY (ARRAY(SELECT "member"."tenant_id" FROM "erp"."membership" AS "member"
                                     WHERE "member"."user_id" = (SELECT coalesce(nullif(pg_catalog.current_setting('app.user_id', true), ''), "tenantry".no_tenant('app.user_id'))::bigint))));

COMMENT ON POLICY tenantry_membership ON "erp"."document" IS 'tenantry: membership, version 1';

CREATE POLICY tenantry_floor ON "erp"."document"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("tenant_id" = ANY (ARRAY(SELECT "member"."tenant_id" FROM "erp"."membership" AS "member"
                                WHERE "member"."user_id" = (SELECT coalesce(nullif(pg_catalog.current_setting('app.user_id', true), ''), "tenantry".no_tenant('app.user_id'))::bigint))))
    WITH CHECK ("tenant_id" = ANY (ARRAY(SELECT "member"."tenant_id" FROM "erp"."membership" AS "member"
                                     WHERE "member"."user_id" = (SELECT coalesce(nullif(pg_catalog.current_setting('app.user_id', true), ''), "tenantry".no_tenant('app.user_id'))::bigint))));

COMMENT ON POLICY tenantry_floor ON "erp"."document" IS 'tenantry: membership, version 1';

-- Membership(TenantColumn { name: None, direct: false, as_text: false })
CREATE POLICY tenantry_membership ON "erp"."document"
    AS PERMISSIVE
    FOR ALL
    TO "erp_app", "erp_owner"
    USING ("Company" = ANY (ARRAY(SELECT "member"."tenant_id" FROM "erp"."membership" AS "member"
                                WHERE "member"."user_id" = (SELECT nullif(pg_catalog.current_setting('app.user_id', true), '')::bigint))))
    WITH CHECK ("Company" = ANY (ARRAY(SELECT "member"."tenant_id" FROM "erp"."membership" AS "member"
                                     WHERE "member"."user_id" = (SELECT nullif(pg_catalog.current_setting('app.user_id', true), '')::bigint))));

COMMENT ON POLICY tenantry_membership ON "erp"."document" IS 'tenantry: membership, version 1';

CREATE POLICY tenantry_floor ON "erp"."document"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING ("Company" = ANY (ARRAY(SELECT "member"."tenant_id" FROM "erp"."membership" AS "member"
                                WHERE "member"."user_id" = (SELECT nullif(pg_catalog.current_setting('app.user_id', true), '')::bigint))))
    WITH CHECK ("Company" = ANY (ARRAY(SELECT "member"."tenant_id" FROM "erp"."membership" AS "member"
                                     WHERE "member"."user_id" = (SELECT nullif(pg_catalog.current_setting('app.user_id', true), '')::bigint))));

COMMENT ON POLICY tenantry_floor ON "erp"."document" IS 'tenantry: membership, version 1';