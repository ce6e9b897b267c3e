-- Says that no tenant is bound. It returns a text for the sake of the expression that calls it.
-- Variables: support (schema).
CREATE OR REPLACE FUNCTION :"support".no_tenant(setting text) RETURNS text
    LANGUAGE plpgsql
    STABLE
    PARALLEL SAFE
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'TN001',
        MESSAGE = format('no tenant is bound: setting %s is empty', setting),
        HINT = format('bind the tenant in the same transaction: SELECT set_config(%L, tenant, true)', setting);
END
$$;

GRANT EXECUTE ON FUNCTION :"support".no_tenant(text) TO PUBLIC;
