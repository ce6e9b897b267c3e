-- Checks that the function which the policies call is there.
-- Variables: support (schema), type (of the tenant column).
SET LOCAL tenantry.support = :'support';
SET LOCAL tenantry.type = :'type';

DO $$
DECLARE
    function_name text := format('%I.tenant_id', current_setting('tenantry.support'));
    wanted        regtype := current_setting('tenantry.type')::regtype;
    present         regtype := (
        SELECT prorettype
        FROM pg_catalog.pg_proc
        WHERE oid = to_regprocedure(function_name || '()')
    );
BEGIN
    IF present IS DISTINCT FROM wanted THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TN002',
            MESSAGE = format('function %s() %s; expected it to return %s', function_name,
                             coalesce('returns ' || present, 'does not exist'), wanted),
            HINT = 'run the bootstrap of this tenancy first';
    END IF;
END
$$;
