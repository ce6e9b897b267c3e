-- Rows that belong to nobody: all read them, and those who own the table write them.
-- Variables: schema, table, roles (a list, such as "app", "owner"),
--     writes (whether the role may write, such as (SELECT pg_has_role('owner', 'USAGE')), or false).
--
-- Reading has no restrictive policy, since nothing here is to be kept from whoever may read the table at all.
CREATE POLICY tenantry_select ON :"schema".:"table"
    AS PERMISSIVE
    FOR SELECT
    TO :roles
    USING (true);

COMMENT ON POLICY tenantry_select ON :"schema".:"table" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_insert ON :"schema".:"table"
    AS PERMISSIVE
    FOR INSERT
    TO :roles
    WITH CHECK (:writes);

COMMENT ON POLICY tenantry_insert ON :"schema".:"table" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_update ON :"schema".:"table"
    AS PERMISSIVE
    FOR UPDATE
    TO :roles
    USING (:writes)
    WITH CHECK (:writes);

COMMENT ON POLICY tenantry_update ON :"schema".:"table" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_delete ON :"schema".:"table"
    AS PERMISSIVE
    FOR DELETE
    TO :roles
    USING (:writes);

COMMENT ON POLICY tenantry_delete ON :"schema".:"table" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_floor_insert ON :"schema".:"table"
    AS RESTRICTIVE
    FOR INSERT
    TO PUBLIC
    WITH CHECK (:writes);

COMMENT ON POLICY tenantry_floor_insert ON :"schema".:"table" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_floor_update ON :"schema".:"table"
    AS RESTRICTIVE
    FOR UPDATE
    TO PUBLIC
    USING (:writes)
    WITH CHECK (:writes);

COMMENT ON POLICY tenantry_floor_update ON :"schema".:"table" IS 'tenantry: shared, version 1';

CREATE POLICY tenantry_floor_delete ON :"schema".:"table"
    AS RESTRICTIVE
    FOR DELETE
    TO PUBLIC
    USING (:writes);

COMMENT ON POLICY tenantry_floor_delete ON :"schema".:"table" IS 'tenantry: shared, version 1';
