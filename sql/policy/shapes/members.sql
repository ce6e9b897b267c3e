-- Who is a member of which tenant: users read what concerns themselves, and write nothing.
-- Variables: schema, table, column (that of the user, such as "user_id"), roles (a list, such as "app", "owner"),
--     context (the expression that gives the user).
--
-- Whoever writes here lets a user into a tenant. Only roles that policies do not bind can do that.
CREATE POLICY tenantry_select ON :"schema".:"table"
    AS PERMISSIVE
    FOR SELECT
    TO :roles
    USING (:column = :context);

COMMENT ON POLICY tenantry_select ON :"schema".:"table" IS 'tenantry: members, version 1';

CREATE POLICY tenantry_floor_select ON :"schema".:"table"
    AS RESTRICTIVE
    FOR SELECT
    TO PUBLIC
    USING (:column = :context);

COMMENT ON POLICY tenantry_floor_select ON :"schema".:"table" IS 'tenantry: members, version 1';

CREATE POLICY tenantry_floor_insert ON :"schema".:"table"
    AS RESTRICTIVE
    FOR INSERT
    TO PUBLIC
    WITH CHECK (false);

COMMENT ON POLICY tenantry_floor_insert ON :"schema".:"table" IS 'tenantry: members, version 1';

CREATE POLICY tenantry_floor_update ON :"schema".:"table"
    AS RESTRICTIVE
    FOR UPDATE
    TO PUBLIC
    USING (false)
    WITH CHECK (false);

COMMENT ON POLICY tenantry_floor_update ON :"schema".:"table" IS 'tenantry: members, version 1';

CREATE POLICY tenantry_floor_delete ON :"schema".:"table"
    AS RESTRICTIVE
    FOR DELETE
    TO PUBLIC
    USING (false);

COMMENT ON POLICY tenantry_floor_delete ON :"schema".:"table" IS 'tenantry: members, version 1';
