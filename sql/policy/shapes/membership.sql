-- Rows of the tenants that a user is a member of.
-- Variables: schema, table, column (that of the tenant, such as "tenant_id"), membership_schema, membership_table,
--     alias (of the membership table; not the name of the table), member (the user's column, such as member.user_id),
--     tenant (the tenant's column, such as member.tenant_id), user (the expression that gives the user),
--     roles (a list, such as "app", "owner").
--
-- The membership table has policies of its own, those of members.sql, which hold inside the subselect.
CREATE POLICY tenantry_membership ON :"schema".:"table"
    AS PERMISSIVE
    FOR ALL
    TO :roles
    USING (:column = ANY (ARRAY(SELECT :tenant FROM :"membership_schema".:"membership_table" AS :alias
                                WHERE :member = :user)))
    WITH CHECK (:column = ANY (ARRAY(SELECT :tenant FROM :"membership_schema".:"membership_table" AS :alias
                                     WHERE :member = :user)));

COMMENT ON POLICY tenantry_membership ON :"schema".:"table" IS 'tenantry: membership, version 1';

CREATE POLICY tenantry_floor ON :"schema".:"table"
    AS RESTRICTIVE
    FOR ALL
    TO PUBLIC
    USING (:column = ANY (ARRAY(SELECT :tenant FROM :"membership_schema".:"membership_table" AS :alias
                                WHERE :member = :user)))
    WITH CHECK (:column = ANY (ARRAY(SELECT :tenant FROM :"membership_schema".:"membership_table" AS :alias
                                     WHERE :member = :user)));

COMMENT ON POLICY tenantry_floor ON :"schema".:"table" IS 'tenantry: membership, version 1';
