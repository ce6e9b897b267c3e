BEGIN;

-- set the transaction up
SET LOCAL lock_timeout = '800ms';
SET LOCAL row_security = off;
SET LOCAL client_min_messages = warning;

SELECT pg_catalog.set_config('tenantry.search_path', pg_catalog.current_setting('search_path'), true);

SET LOCAL search_path = pg_catalog, pg_temp;

-- secure "erp"."currency": row-level security
ALTER TABLE "erp"."currency"
    ENABLE ROW LEVEL SECURITY,
    FORCE ROW LEVEL SECURITY;

SET LOCAL tenantry.schema = 'erp';
SET LOCAL tenantry.table_name = 'currency';

DO $$
DECLARE
    target regclass := format('%I.%I', current_setting('tenantry.schema'),
                              current_setting('tenantry.table_name'))::regclass;
    policy name;
BEGIN
    FOR policy IN
        SELECT polname FROM pg_catalog.pg_policy WHERE polrelid = target AND polname LIKE 'tenantry\_%'
    LOOP
        EXECUTE format('DROP POLICY %I ON %s', policy, target);
    END LOOP;
END
$$;

-- secure "erp"."currency": policies
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

-- grant usage on schema "erp"
GRANT USAGE ON SCHEMA "erp" TO "erp_app", "erp_system";

-- secure "erp"."currency": grants
REVOKE TRUNCATE, REFERENCES, TRIGGER ON TABLE "erp"."currency" FROM PUBLIC;

REVOKE ALL ON TABLE "erp"."currency" FROM "erp_app", "erp_system";

-- secure "erp"."currency": grants
GRANT SELECT ON TABLE "erp"."currency" TO "erp_app";

-- secure "erp"."currency": grants
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE "erp"."currency" TO "erp_system";

-- give the transaction its search_path back
-- Gives a transaction its search_path back, for what somebody else does in it behind a script.
SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('tenantry.search_path'), true);


COMMIT;
