-- The tenant of the transaction. Without one it raises TN001.
-- Variables: support (schema), type (of the tenant column), setting (its name).
--
-- A setting that was set once reads as an empty text after its transaction, not as NULL. The caller's rights
-- suffice, and without SECURITY DEFINER or SET the planner can put the body in the place of the call.
CREATE OR REPLACE FUNCTION :"support".tenant_id() RETURNS :type
    LANGUAGE sql
    STABLE
    PARALLEL SAFE
    RETURN cast(coalesce(nullif(pg_catalog.current_setting(:'setting', true), ''),
                         :"support".no_tenant(:'setting')) AS :type);

GRANT EXECUTE ON FUNCTION :"support".tenant_id() TO PUBLIC;
