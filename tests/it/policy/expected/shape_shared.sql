-- Shared
CREATE POLICY tenantry_select ON "erp"."currency"
    AS PERMISSIVE
    FOR SELECT
    TO "erp_app", "erp_owner"
    USING (true);

COMMENT ON POLICY tenantry_select ON "erp"."currency" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_insert ON "erp"."currency"
    AS PERMISSIVE
    FOR INSERT
    TO "erp_app", "erp_owner"
    WITH CHECK ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')));

COMMENT ON POLICY tenantry_insert ON "erp"."currency" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_update ON "erp"."currency"
    AS PERMISSIVE
    FOR UPDATE
    TO "erp_app", "erp_owner"
    USING ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')))
    WITH CHECK ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')));

COMMENT ON POLICY tenantry_update ON "erp"."currency" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_delete ON "erp"."currency"
    AS PERMISSIVE
    FOR DELETE
    TO "erp_app", "erp_owner"
    USING ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')));

COMMENT ON POLICY tenantry_delete ON "erp"."currency" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_floor_insert ON "erp"."currency"
    AS RESTRICTIVE
    FOR INSERT
    TO PUBLIC
    WITH CHECK ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')));

COMMENT ON POLICY tenantry_floor_insert ON "erp"."currency" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_floor_update ON "erp"."currency"
    AS RESTRICTIVE
    FOR UPDATE
    TO PUBLIC
    USING ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')))
    WITH CHECK ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')));

COMMENT ON POLICY tenantry_floor_update ON "erp"."currency" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_floor_delete ON "erp"."currency"
    AS RESTRICTIVE
    FOR DELETE
    TO PUBLIC
    USING ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')));

COMMENT ON POLICY tenantry_floor_delete ON "erp"."currency" IS 'tenantry: shared, version 1';

-- Shared
CREATE POLICY tenantry_select ON "erp"."currency"
    AS PERMISSIVE
    FOR SELECT
    TO "erp_app", "erp_owner"
    USING (true);

COMMENT ON POLICY tenantry_select ON "erp"."currency" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_insert ON "erp"."currency"
    AS PERMISSIVE
    FOR INSERT
    TO "erp_app", "erp_owner"
    WITH CHECK ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')));

COMMENT ON POLICY tenantry_insert ON "erp"."currency" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_update ON "erp"."currency"
    AS PERMISSIVE
    FOR UPDATE
    TO "erp_app", "erp_owner"
    USING ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')))
    WITH CHECK ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')));

COMMENT ON POLICY tenantry_update ON "erp"."currency" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_delete ON "erp"."currency"
    AS PERMISSIVE
    FOR DELETE
    TO "erp_app", "erp_owner"
    USING ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')));

COMMENT ON POLICY tenantry_delete ON "erp"."currency" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_floor_insert ON "erp"."currency"
    AS RESTRICTIVE
    FOR INSERT
    TO PUBLIC
    WITH CHECK ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')));

COMMENT ON POLICY tenantry_floor_insert ON "erp"."currency" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_floor_update ON "erp"."currency"
    AS RESTRICTIVE
    FOR UPDATE
    TO PUBLIC
    USING ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')))
    WITH CHECK ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')));

COMMENT ON POLICY tenantry_floor_update ON "erp"."currency" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_floor_delete ON "erp"."currency"
    AS RESTRICTIVE
    FOR DELETE
    TO PUBLIC
    USING ((SELECT pg_catalog.pg_has_role('erp_owner'::name, 'USAGE')));

COMMENT ON POLICY tenantry_floor_delete ON "erp"."currency" IS 'tenantry: shared, version 1';