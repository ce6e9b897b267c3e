-- A role with the attributes of its purpose, made or checked.
-- Variables: role, purpose (owner, migrator, app, system, backup, resolver or sealer), login (LOGIN or NOLOGIN),
--     bypassrls (BYPASSRLS or NOBYPASSRLS).
--
-- A role that exists is not altered: it may serve others, who would not notice.
SET LOCAL tenantry.role = :'role';
SET LOCAL tenantry.purpose = :'purpose';
SET LOCAL tenantry.login = :'login';
SET LOCAL tenantry.bypassrls = :'bypassrls';

DO $$
DECLARE
    role_name text := current_setting('tenantry.role');
    wanted    text[] := ARRAY[current_setting('tenantry.login'), 'NOSUPERUSER', current_setting('tenantry.bypassrls'),
                              'NOCREATEROLE', 'NOCREATEDB', 'NOREPLICATION'];
    present     text[];
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
        BEGIN
            EXECUTE format('CREATE ROLE %I %s', role_name, array_to_string(wanted, ' '));
        EXCEPTION
            -- Roles belong to the cluster: a bootstrap of another database was faster.
            WHEN duplicate_object OR unique_violation THEN
                NULL;
        END;
    END IF;

    SELECT ARRAY[
            CASE WHEN rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END,
            CASE WHEN rolsuper THEN 'SUPERUSER' ELSE 'NOSUPERUSER' END,
            CASE WHEN rolbypassrls THEN 'BYPASSRLS' ELSE 'NOBYPASSRLS' END,
            CASE WHEN rolcreaterole THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END,
            CASE WHEN rolcreatedb THEN 'CREATEDB' ELSE 'NOCREATEDB' END,
            CASE WHEN rolreplication THEN 'REPLICATION' ELSE 'NOREPLICATION' END
        ]
    INTO present
    FROM pg_catalog.pg_roles
    WHERE rolname = role_name;

    IF present <> wanted THEN
        SELECT array_agg(f ORDER BY n), array_agg(w ORDER BY n)
        INTO present, wanted
        FROM unnest(present, wanted) WITH ORDINALITY AS a (f, w, n)
        WHERE f <> w;
        RAISE EXCEPTION USING
            ERRCODE = 'TN002',
            MESSAGE = format('role %I has %s; expected %s of the %s role', role_name,
                             array_to_string(present, ' '), array_to_string(wanted, ' '),
                             current_setting('tenantry.purpose')),
            HINT = format('run ALTER ROLE %I %s, or name another role', role_name,
                          array_to_string(wanted, ' '));
    END IF;
END
$$;
