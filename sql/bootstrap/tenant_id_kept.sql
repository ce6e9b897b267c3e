-- Policies depend on the function that is there, so its type and its setting stay what they are.
-- Variables: support (schema), type (of the tenant column), setting (its name).
SET LOCAL tenantry.support = :'support';
SET LOCAL tenantry.type = :'type';
SET LOCAL tenantry.setting = :'setting';

DO $$
DECLARE
    support text    := current_setting('tenantry.support');
    wanted  regtype := current_setting('tenantry.type')::regtype;
    setting text    := current_setting('tenantry.setting');
    present   record;
BEGIN
    SELECT prorettype::regtype AS type,
        coalesce(pg_get_function_sqlbody(oid), prosrc) AS body
    INTO present
    FROM pg_catalog.pg_proc
    WHERE oid = to_regprocedure(format('%I.tenant_id()', support));

    IF NOT FOUND THEN
        RETURN;
    ELSIF present.type <> wanted THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TN002',
            MESSAGE = format('function %I.tenant_id() returns %s; expected %s', support, present.type, wanted),
            HINT = 'keep the tenancy as it was, or name another support schema';
    ELSIF strpos(present.body, quote_literal(setting)) = 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TN002',
            MESSAGE = format('function %I.tenant_id() reads another setting; expected %s', support, setting),
            HINT = 'keep the tenancy as it was, or name another support schema';
    END IF;
END
$$;
