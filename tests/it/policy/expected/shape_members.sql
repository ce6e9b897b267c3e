-- Members
CREATE POLICY tenantry_select ON "erp"."membership"
    AS PERMISSIVE
    FOR SELECT
    TO "erp_app", "erp_owner"
    USING ("user_id" = (SELECT coalesce(nullif(pg_catalog.current_setting('app.user_id', true), ''), "tenantry".no_tenant('app.user_id'))::bigint));

COMMENT ON POLICY tenantry_select ON "erp"."membership" IS 'tenantry: members, version 1';

CREATE POLICY tenantry_floor_select ON "erp"."membership"
    AS RESTRICTIVE
    FOR SELECT
    TO PUBLIC
    USING ("user_id" = (SELECT coalesce(nullif(pg_catalog.current_setting('app.user_id', true), ''), "tenantry".no_tenant('app.user_id'))::bigint));

COMMENT ON POLICY tenantry_floor_select ON "erp"."membership" IS 'tenantry: members, version 1';

CREATE POLICY tenantry_floor_insert ON "erp"."membership"
    AS RESTRICTIVE
    FOR INSERT
    TO PUBLIC
    WITH CHECK (false);

COMMENT ON POLICY tenantry_floor_insert ON "erp"."membership" IS 'tenantry: members, version 1';

CREATE POLICY tenantry_floor_update ON "erp"."membership"
    AS RESTRICTIVE
    FOR UPDATE
    TO PUBLIC
    USING (false)
    WITH CHECK (false);

COMMENT ON POLICY tenantry_floor_update ON "erp"."membership" IS 'tenantry: members, version 1';

CREATE POLICY tenantry_floor_delete ON "erp"."membership"
    AS RESTRICTIVE
    FOR DELETE
    TO PUBLIC
    USING (false);

COMMENT ON POLICY tenantry_floor_delete ON "erp"."membership" IS 'tenantry: members, version 1';

-- Members
CREATE POLICY tenantry_select ON "erp"."membership"
    AS PERMISSIVE
    FOR SELECT
    TO "erp_app", "erp_owner"
    USING ("user_id" = (SELECT nullif(pg_catalog.current_setting('app.user_id', true), '')::bigint));

COMMENT ON POLICY tenantry_select ON "erp"."membership" IS 'tenantry: members, version 1';

CREATE POLICY tenantry_floor_select ON "erp"."membership"
    AS RESTRICTIVE
    FOR SELECT
    TO PUBLIC
    USING ("user_id" = (SELECT nullif(pg_catalog.current_setting('app.user_id', true), '')::bigint));

COMMENT ON POLICY tenantry_floor_select ON "erp"."membership" IS 'tenantry: members, version 1';

CREATE POLICY tenantry_floor_insert ON "erp"."membership"
    AS RESTRICTIVE
    FOR INSERT
    TO PUBLIC
    WITH CHECK (false);

COMMENT ON POLICY tenantry_floor_insert ON "erp"."membership" IS 'tenantry: members, version 1';

CREATE POLICY tenantry_floor_update ON "erp"."membership"
    AS RESTRICTIVE
    FOR UPDATE
    TO PUBLIC
    USING (false)
    WITH CHECK (false);

COMMENT ON POLICY tenantry_floor_update ON "erp"."membership" IS 'tenantry: members, version 1';

CREATE POLICY tenantry_floor_delete ON "erp"."membership"
    AS RESTRICTIVE
    FOR DELETE
    TO PUBLIC
    USING (false);

COMMENT ON POLICY tenantry_floor_delete ON "erp"."membership" IS 'tenantry: members, version 1';