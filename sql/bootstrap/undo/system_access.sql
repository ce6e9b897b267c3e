-- Drops the table of accesses across tenants, unless it holds any.
-- Variables: support (schema).
SET LOCAL tenantry.support = :'support';

DO $$
DECLARE
    support text := current_setting('tenantry.support');
    recorded boolean := false;
BEGIN
    IF to_regclass(format('%I.system_access', support)) IS NOT NULL THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %I.system_access)', support) INTO recorded;
    END IF;
    IF recorded THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TN002',
            MESSAGE = format('table %I.system_access has records of accesses across tenants; expected none to be lost',
                             support),
            HINT = 'keep them elsewhere, and drop the table yourself';
    END IF;
END
$$;

DROP TABLE IF EXISTS :"support".system_access;
