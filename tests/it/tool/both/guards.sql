-- How people write migrations with code in them. Each style makes tables whose names begin with {t} and gives them their tenancy.
--
-- {enable}, {force}, {using}, {verbs}: what is right in one copy is wrong in another. {quoted} is {using} within a literal.

-- style: plain
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file
ALTER TABLE {t} {enable} ROW LEVEL SECURITY;
ALTER TABLE {t} {force} ROW LEVEL SECURITY;
CREATE POLICY tenant ON {t} TO erp_app USING ({using});
GRANT {verbs} ON {t} TO erp_app;

-- style: guard-policy
CREATE TABLE IF NOT EXISTS {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE {t} {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY;
-- file
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_policies WHERE schemaname = 'public' AND tablename = '{t}' AND policyname = 'tenant'
    ) THEN
        CREATE POLICY tenant ON {t} USING ({using});
    END IF;
END
$$;
-- file
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_policies WHERE tablename = '{t}' AND policyname = 'tenant') THEN
        CREATE POLICY tenant ON {t} USING (false);
    END IF;
    GRANT {verbs} ON {t} TO erp_app;
END
$$;

-- style: guard-column
CREATE TABLE {t} (id bigint PRIMARY KEY);
-- file
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = '{t}' AND column_name = 'tenant_id'
    ) THEN
        ALTER TABLE {t} ADD COLUMN tenant_id uuid NOT NULL;
    END IF;
END $$;
-- file
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = '{t}' AND column_name = 'tenant_id') THEN
        ALTER TABLE {t} {enable} ROW LEVEL SECURITY;
        ALTER TABLE {t} {force} ROW LEVEL SECURITY;
        CREATE POLICY tenant ON {t} USING ({using});
        GRANT {verbs} ON {t} TO erp_app;
    ELSE
        RAISE EXCEPTION 'there is no tenant_id in {t}';
    END IF;
END $$;

-- style: loop-array
CREATE TABLE {t}_a (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE {t}_b (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['{t}_a', '{t}_b'] LOOP
        EXECUTE format('ALTER TABLE %I {enable} ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I {force} ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I USING ({quoted})', name);
        EXECUTE format('GRANT {verbs} ON %I TO %I', name, 'erp_app');
    END LOOP;
END
$$;

-- style: loop-values
CREATE TABLE {t}_a (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE {t}_b (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file
DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT * FROM (VALUES ('{t}_a', 'SELECT'), ('{t}_b', '{verbs}')) AS of (name, verbs) LOOP
        EXECUTE 'ALTER TABLE ' || quote_ident(r.name) || ' {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY';
        EXECUTE format($q$CREATE POLICY %I ON %I USING ({using})$q$, r.name || '_tenant', r.name);
        EXECUTE format('GRANT %s ON %I TO erp_app', r.verbs, r.name);
    END LOOP;
END
$$;

-- style: loop-unnest
CREATE TABLE {t}_a (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE {t}_b (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file
DO $$
DECLARE
    names CONSTANT text[] := ARRAY['{t}_a', '{t}_b'];
    of text;
BEGIN
    FOR of IN SELECT unnest(names) LOOP
        EXECUTE format('ALTER TABLE public.%I {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY', of);
    END LOOP;
    FOR i IN 1 .. array_length(names, 1) LOOP
        EXECUTE format('CREATE POLICY tenant ON public.%I AS PERMISSIVE FOR ALL TO erp_app USING ({quoted})', names[i]);
        EXECUTE format('GRANT {verbs} ON TABLE public.%1$I TO %2$I', names[i], 'erp_app');
    END LOOP;
END
$$;

-- style: loop-catalog
CREATE TABLE {t}_a (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE {t}_b (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file
DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE '{t}_%' ORDER BY 2 LOOP
        EXECUTE format('ALTER TABLE %I.%I {enable} ROW LEVEL SECURITY', r.schemaname, r.tablename);
        EXECUTE format('ALTER TABLE %I.%I {force} ROW LEVEL SECURITY', r.schemaname, r.tablename);
        EXECUTE format('CREATE POLICY tenant ON %I.%I USING ({quoted})', r.schemaname, r.tablename);
        EXECUTE format('GRANT {verbs} ON %I.%I TO erp_app', r.schemaname, r.tablename);
    END LOOP;
END
$$;

-- style: loop-columns
CREATE TABLE {t}_a (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE {t}_b (id bigint PRIMARY KEY, other_id bigint);
-- file
DO $$
DECLARE
    t text;
BEGIN
    FOR t IN
        SELECT c.table_name FROM information_schema.columns c
        JOIN information_schema.tables USING (table_schema, table_name)
        WHERE c.table_schema = 'public' AND c.column_name = 'tenant_id' AND c.table_name ~ '^{t}_' AND table_type = 'BASE TABLE'
    LOOP
        EXECUTE format('ALTER TABLE %I {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I USING ({quoted})', t);
        EXECUTE format('GRANT {verbs} ON %I TO erp_app', t);
    END LOOP;
END
$$;

-- style: helper-function
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE FUNCTION {t}_protect(name text) RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
    EXECUTE format('ALTER TABLE %I {enable} ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I {force} ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant ON %I USING ({quoted})', name);
END
$f$;
-- file
SELECT {t}_protect('{t}');
GRANT {verbs} ON {t} TO erp_app;
-- file
DROP FUNCTION {t}_protect(text);

-- style: helper-regclass
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file
CREATE OR REPLACE FUNCTION {t}_protect(name regclass, verbs text DEFAULT '{verbs}') RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
    EXECUTE 'ALTER TABLE ' || name || ' {enable} ROW LEVEL SECURITY';
    EXECUTE 'ALTER TABLE ' || name::text || ' {force} ROW LEVEL SECURITY';
    EXECUTE format('CREATE POLICY tenant ON %s USING ({quoted})', name);
    EXECUTE format('GRANT %s ON %s TO erp_app', verbs, name);
END
$f$;
DO $$ BEGIN PERFORM {t}_protect('{t}'::regclass); END $$;
DROP FUNCTION {t}_protect;

-- style: helper-procedure
CREATE TABLE {t}_a (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE {t}_b (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE PROCEDURE {t}_protect(VARIADIC names text[]) LANGUAGE plpgsql AS $f$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY names LOOP
        EXECUTE format('ALTER TABLE %I {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I USING ({quoted})', name);
        EXECUTE format('GRANT {verbs} ON %I TO erp_app', name);
    END LOOP;
END
$f$;
-- file
CALL {t}_protect('{t}_a', '{t}_b');
DROP PROCEDURE {t}_protect;

-- style: helper-calls-helper
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE FUNCTION {t}_run(command text, VARIADIC names text[]) RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
    EXECUTE format(command, VARIADIC names);
END
$f$;
CREATE FUNCTION {t}_protect(name text) RETURNS boolean LANGUAGE plpgsql AS $f$
BEGIN
    PERFORM {t}_run('ALTER TABLE %I {enable} ROW LEVEL SECURITY', name);
    PERFORM {t}_run('ALTER TABLE %I {force} ROW LEVEL SECURITY', name);
    PERFORM {t}_run('CREATE POLICY %2$I ON %1$I USING ({quoted})', name, 'tenant');
    RETURN true;
END
$f$;
-- file
DO $$
BEGIN
    IF {t}_protect('{t}') THEN
        GRANT {verbs} ON {t} TO erp_app;
    END IF;
END $$;
DROP FUNCTION {t}_protect, {t}_run;

-- style: duplicate-object
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE {t} {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY;
-- file
DO $$ BEGIN
    CREATE POLICY tenant ON {t} USING ({using});
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;
-- file
DO $$ BEGIN
    CREATE POLICY tenant ON {t} USING (false);
EXCEPTION
    WHEN duplicate_object THEN
        GRANT {verbs} ON {t} TO erp_app;
    WHEN OTHERS THEN
        RAISE;
END $$;

-- style: duplicate-table
DO $$ BEGIN
    CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
EXCEPTION WHEN duplicate_table THEN RAISE NOTICE 'there';
END $$;
-- file
DO $$ BEGIN
    CREATE TABLE {t} (id bigint);
    RAISE EXCEPTION 'not there';
EXCEPTION WHEN SQLSTATE '42P07' THEN
    ALTER TABLE {t} {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY;
    CREATE POLICY tenant ON {t} USING ({using});
END $$;
-- file
DO $$ BEGIN
    ALTER TABLE {t} ADD COLUMN id int;
EXCEPTION WHEN duplicate_column THEN
    GRANT {verbs} ON {t} TO erp_app;
END $$;

-- style: undefined-object
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file
DO $$ BEGIN
    ALTER TABLE {t}_old RENAME TO {t}_older;
EXCEPTION WHEN undefined_table THEN
    BEGIN
        ALTER TABLE {t} {enable} ROW LEVEL SECURITY;
        ALTER TABLE {t} {force} ROW LEVEL SECURITY;
        DROP POLICY tenant ON {t};
    EXCEPTION WHEN undefined_object THEN
        CREATE POLICY tenant ON {t} USING ({using});
    END;
    ALTER TABLE {t} {enable} ROW LEVEL SECURITY;
    ALTER TABLE {t} {force} ROW LEVEL SECURITY;
    GRANT {verbs} ON {t} TO erp_app;
END $$;

-- style: regclass-guard
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file
DO $$ BEGIN
    IF to_regclass('public.{t}') IS NULL THEN
        CREATE TABLE {t} (id bigint);
    END IF;
    IF to_regclass('{t}_missing') IS NOT NULL OR to_regclass('public.{t}') IS NULL THEN
        RETURN;
    END IF;
    ALTER TABLE {t} {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY;
    CREATE POLICY tenant ON {t} USING ({using});
    GRANT {verbs} ON {t} TO erp_app;
END $$;

-- style: version-guard
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file
DO $$ BEGIN
    IF current_setting('server_version_num')::int >= 100000 THEN
        ALTER TABLE {t} {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY;
        CREATE POLICY tenant ON {t} USING ({using});
    ELSE
        DROP TABLE {t};
    END IF;
    CASE WHEN current_setting('server_version_num')::integer < 90500 THEN
        RAISE EXCEPTION 'too old';
    ELSE
        GRANT {verbs} ON {t} TO erp_app;
    END CASE;
END $$;

-- style: constraint-guard
CREATE TABLE {t}_up (id bigint NOT NULL, tenant_id uuid NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, up_id bigint);
ALTER TABLE {t}_up ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON {t}_up USING ({using});
-- file
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = '{t}_up_fkey') THEN
        ALTER TABLE {t} ADD CONSTRAINT {t}_up_fkey FOREIGN KEY (tenant_id, up_id) REFERENCES {t}_up (tenant_id, id);
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = '{t}'::regclass AND conname = '{t}_up_fkey') THEN
        ALTER TABLE {t} DROP COLUMN up_id;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_indexes WHERE tablename = '{t}' AND indexname = '{t}_tenant') THEN
        CREATE INDEX {t}_tenant ON {t} (tenant_id);
    END IF;
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = '{t}'::regclass) THEN
        ALTER TABLE {t} {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY;
    END IF;
END $$;
-- file
CREATE POLICY tenant ON {t} USING ({using});
GRANT {verbs} ON {t} TO erp_app;

-- style: role-guard
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{t}_reader') THEN
        CREATE ROLE {t}_reader NOLOGIN;
    END IF;
END $$;
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file
DO $$ BEGIN
    CREATE ROLE {t}_reader SUPERUSER;
EXCEPTION WHEN duplicate_object THEN
    GRANT SELECT ON {t} TO {t}_reader;
END $$;
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = '{t}_reader') THEN
        EXECUTE 'GRANT {t}_reader TO erp_app';
    END IF;
    ALTER TABLE {t} {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY;
    CREATE POLICY tenant ON {t} USING ({using});
    GRANT {verbs} ON {t} TO erp_app;
END $$;
