-- Says that no tenant is bound. It returns a text for the sake of the expression that calls it.
--
-- The search path is fixed for a second reason: a function with a setting of its own is looked into only when it
-- is called, so each statement under a policy that names it starts with less work.
-- Variables: support (schema).
CREATE OR REPLACE FUNCTION :"support".no_tenant(setting text) RETURNS text
    LANGUAGE plpgsql
    STABLE
    PARALLEL SAFE
    SET search_path = pg_catalog
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'TN001',
        MESSAGE = format('no tenant is bound: setting %s is empty', setting),
        HINT = format('bind the tenant in the same transaction: SELECT set_config(%L, tenant, true)', setting);
END
$$;

GRANT EXECUTE ON FUNCTION :"support".no_tenant(text) TO PUBLIC;
