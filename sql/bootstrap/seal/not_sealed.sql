-- Says why a seal does not hold.
-- Variables: support (schema).
CREATE OR REPLACE FUNCTION :"support".not_sealed(setting text, why text) RETURNS void
    LANGUAGE plpgsql
    STABLE
    PARALLEL SAFE
    SET search_path = pg_catalog
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'TN003',
        MESSAGE = format('the seal of setting %s %s', setting, CASE why
            WHEN 'expired' THEN format('has expired; the server''s time is %s',
                                       to_char(current_timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            WHEN 'backend' THEN 'is that of another connection'
            ELSE format('is not by a key of database %I for role %I', current_catalog, session_user)
        END),
        HINT = CASE why
            WHEN 'expired' THEN 'set the clocks of both machines by the same source, or have the seal last longer'
            WHEN 'backend' THEN 'have each connection seal what it binds'
            ELSE 'bind it sealed, by a key that tenantry seal keys lists'
        END;
END
$$;

GRANT EXECUTE ON FUNCTION :"support".not_sealed(text, text) TO PUBLIC;
