BEGIN;

-- set the transaction up
SET LOCAL lock_timeout = '800ms';
SET LOCAL row_security = off;
SET LOCAL client_min_messages = warning;

SELECT pg_catalog.set_config('tenantry.search_path', pg_catalog.current_setting('search_path'), true);

SET LOCAL search_path = pg_catalog, pg_temp;

-- bootstrap: owner role "erp_owner"
SET LOCAL tenantry.role = 'erp_owner';
SET LOCAL tenantry.purpose = 'owner';
SET LOCAL tenantry.login = 'NOLOGIN';
SET LOCAL tenantry.bypassrls = 'NOBYPASSRLS';

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

-- bootstrap: migrator role "erp_migrator"
SET LOCAL tenantry.role = 'erp_migrator';
SET LOCAL tenantry.purpose = 'migrator';
SET LOCAL tenantry.login = 'LOGIN';
SET LOCAL tenantry.bypassrls = 'NOBYPASSRLS';

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

-- bootstrap: app role "erp_app"
SET LOCAL tenantry.role = 'erp_app';
SET LOCAL tenantry.purpose = 'app';
SET LOCAL tenantry.login = 'LOGIN';
SET LOCAL tenantry.bypassrls = 'NOBYPASSRLS';

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

-- bootstrap: system role "erp_system"
SET LOCAL tenantry.role = 'erp_system';
SET LOCAL tenantry.purpose = 'system';
SET LOCAL tenantry.login = 'LOGIN';
SET LOCAL tenantry.bypassrls = 'BYPASSRLS';

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

-- bootstrap: "erp_migrator" is a member of "erp_owner"
SET LOCAL tenantry.owner = 'erp_owner';
SET LOCAL tenantry.migrator = 'erp_migrator';

DO $$
BEGIN
    IF NOT pg_has_role(current_setting('tenantry.migrator'), current_setting('tenantry.owner'), 'USAGE') THEN
        EXECUTE format('GRANT %I TO %I', current_setting('tenantry.owner'), current_setting('tenantry.migrator'));
    END IF;
END
$$;

-- bootstrap: "erp_app" reaches no other role
SET LOCAL tenantry.role = 'erp_app';
SET LOCAL tenantry.owner = 'erp_owner';
SET LOCAL tenantry.purpose = 'app';

DO $$
DECLARE
    role_name text := current_setting('tenantry.role');
    reached   text;
    because   text;
BEGIN
    SELECT rolname,
        CASE
            WHEN rolsuper THEN 'a superuser'
            WHEN rolname = current_setting('tenantry.owner') THEN 'the owner of the tables'
            WHEN rolbypassrls THEN 'not bound by policies'
            WHEN rolreplication THEN 'allowed to replicate every row'
            ELSE 'allowed to make and alter roles'
        END
    INTO reached, because
    FROM pg_catalog.pg_roles
    WHERE rolname <> role_name
        AND (rolsuper OR rolbypassrls OR rolreplication OR rolcreaterole
             OR rolname = current_setting('tenantry.owner'))
        AND pg_has_role(role_name, oid, 'MEMBER')
    ORDER BY rolname
    LIMIT 1;

    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TN002',
            MESSAGE = format('role %I is a member of %I, which is %s; expected no such membership of the %s role',
                             role_name, reached, because, current_setting('tenantry.purpose')),
            HINT = format('run REVOKE %I FROM %I, or from the role between them, or name another role',
                          reached, role_name);
    END IF;
END
$$;

-- bootstrap: "erp_system" reaches no other role
SET LOCAL tenantry.role = 'erp_system';
SET LOCAL tenantry.owner = 'erp_owner';
SET LOCAL tenantry.purpose = 'system';

DO $$
DECLARE
    role_name text := current_setting('tenantry.role');
    reached   text;
    because   text;
BEGIN
    SELECT rolname,
        CASE
            WHEN rolsuper THEN 'a superuser'
            WHEN rolname = current_setting('tenantry.owner') THEN 'the owner of the tables'
            WHEN rolbypassrls THEN 'not bound by policies'
            WHEN rolreplication THEN 'allowed to replicate every row'
            ELSE 'allowed to make and alter roles'
        END
    INTO reached, because
    FROM pg_catalog.pg_roles
    WHERE rolname <> role_name
        AND (rolsuper OR rolbypassrls OR rolreplication OR rolcreaterole
             OR rolname = current_setting('tenantry.owner'))
        AND pg_has_role(role_name, oid, 'MEMBER')
    ORDER BY rolname
    LIMIT 1;

    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TN002',
            MESSAGE = format('role %I is a member of %I, which is %s; expected no such membership of the %s role',
                             role_name, reached, because, current_setting('tenantry.purpose')),
            HINT = format('run REVOKE %I FROM %I, or from the role between them, or name another role',
                          reached, role_name);
    END IF;
END
$$;

-- bootstrap: password of "erp_app"
ALTER ROLE "erp_app" PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';

-- bootstrap: schema "tenantry"
CREATE SCHEMA IF NOT EXISTS "tenantry";

SET LOCAL tenantry.support = 'tenantry';
SET LOCAL tenantry.app = 'erp_app';

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

REVOKE CREATE ON SCHEMA "tenantry" FROM PUBLIC, "erp_app";

GRANT USAGE ON SCHEMA "tenantry" TO PUBLIC;

-- bootstrap: function "tenantry".no_tenant
CREATE OR REPLACE FUNCTION "tenantry".no_tenant(setting text) RETURNS text
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

GRANT EXECUTE ON FUNCTION "tenantry".no_tenant(text) TO PUBLIC;

-- bootstrap: "tenantry".tenant_id keeps its meaning
SET LOCAL tenantry.support = 'tenantry';
SET LOCAL tenantry.type = 'uuid';
SET LOCAL tenantry.setting = 'app.tenant_id';

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

-- bootstrap: function "tenantry".tenant_id
CREATE OR REPLACE FUNCTION "tenantry".tenant_id() RETURNS uuid
    LANGUAGE sql
    STABLE
    PARALLEL SAFE
    RETURN cast(coalesce(nullif(pg_catalog.current_setting('app.tenant_id', true), ''),
                         "tenantry".no_tenant('app.tenant_id')) AS uuid);

GRANT EXECUTE ON FUNCTION "tenantry".tenant_id() TO PUBLIC;

-- give the transaction its search_path back
-- Gives a transaction its search_path back, for what somebody else does in it behind a script.
SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('tenantry.search_path'), true);


COMMIT;
