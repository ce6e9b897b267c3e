-- The schema of the functions that policies call.
-- Variables: support (schema), app (role).
--
-- Policies hold for every role, so every role may call the functions; nobody but the owner may change them.
CREATE SCHEMA IF NOT EXISTS :"support";

SET LOCAL tenantry.support = :'support';
SET LOCAL tenantry.app = :'app';

DO $$
DECLARE
    support text := current_setting('tenantry.support');
    app     text := current_setting('tenantry.app');
BEGIN
    IF pg_has_role(app, (SELECT nspowner FROM pg_catalog.pg_namespace WHERE nspname = support), 'MEMBER') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TN002',
            MESSAGE = format('role %I owns schema %I, or is a member of its owner; expected an owner that the '
                             'app role cannot become', app, support),
            HINT = format('run ALTER SCHEMA %I OWNER TO another role, or name another support schema', support);
    END IF;
END
$$;

REVOKE CREATE ON SCHEMA :"support" FROM PUBLIC, :"app";

GRANT USAGE ON SCHEMA :"support" TO PUBLIC;
