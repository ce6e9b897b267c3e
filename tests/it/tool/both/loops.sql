-- More styles of the kind of guards.sql.

-- style: type-guard
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = '{t}_state') THEN
        CREATE TYPE {t}_state AS ENUM ('open', 'done');
    END IF;
END $$;
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, state {t}_state);
-- file
DO $$ BEGIN
    CREATE TYPE {t}_state AS ENUM ('x');
EXCEPTION WHEN duplicate_object THEN null;
END $$;
ALTER TABLE {t} {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY;
CREATE POLICY tenant ON {t} USING ({using});
GRANT {verbs} ON {t} TO erp_app;

-- style: string-agg
CREATE TABLE {t}_a (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE {t}_b (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file
DO $$
DECLARE
    script text;
BEGIN
    SELECT string_agg(format('ALTER TABLE %I {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY;', of), E'\n' ORDER BY of)
    INTO script FROM unnest(ARRAY['{t}_a', '{t}_b']) AS of;
    EXECUTE script;
    EXECUTE (
        SELECT string_agg(format('CREATE POLICY tenant ON %I USING ({quoted});', tablename), ' ')
        FROM pg_tables WHERE tablename IN ('{t}_a', '{t}_b')
    );
    EXECUTE 'GRANT {verbs} ON {t}_a, {t}_b TO erp_app';
END $$;

-- style: nested
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file
DO $outer$
DECLARE
    name CONSTANT text := '{t}';
    done boolean := false;
    n int := 0;
BEGIN
    <<tries>>
    LOOP
        n := n + 1;
        EXIT tries WHEN done OR n > 3;
        DECLARE
            command text := 'ALTER TABLE ' || quote_ident(name);
        BEGIN
            IF n = 1 THEN
                EXECUTE command || ' {enable} ROW LEVEL SECURITY';
                CONTINUE tries;
            ELSIF n = 2 THEN
                EXECUTE command || ' {force} ROW LEVEL SECURITY';
            ELSE
                EXECUTE $x$DO $inner$ BEGIN CREATE POLICY tenant ON {t} USING ({using}); END $inner$ $x$;
                done := true;
            END IF;
        EXCEPTION WHEN undefined_table THEN
            RETURN;
        END;
    END LOOP;
    GRANT {verbs} ON {t} TO erp_app;
END
$outer$;

-- style: while
CREATE TABLE {t}_0 (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE {t}_1 (LIKE {t}_0 INCLUDING ALL);
-- file
DO $$
DECLARE
    i integer := 0;
    name text;
BEGIN
    WHILE i < 2 LOOP
        name := '{t}_' || i;
        EXECUTE format('ALTER TABLE %I {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I USING ({quoted})', name);
        EXECUTE concat('GRANT {verbs} ON ', name, ' TO erp_app');
        i := i + 1;
    END LOOP;
END $$;

-- style: partitions
CREATE TABLE {t} (id bigint NOT NULL, tenant_id uuid NOT NULL, day date NOT NULL, PRIMARY KEY (tenant_id, id, day)) PARTITION BY RANGE (day);
-- file
DO $$
DECLARE
    month date := '2026-01-01';
BEGIN
    FOR i IN 0 .. 2 LOOP
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF {t} FOR VALUES FROM (%L) TO (%L)',
            '{t}_' || to_char(month + (i || ' months')::interval, 'YYYY_MM'),
            month + make_interval(months => i),
            month + make_interval(months => i + 1)
        );
    END LOOP;
    ALTER TABLE {t} {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY;
    CREATE POLICY tenant ON {t} USING ({using});
    GRANT {verbs} ON {t} TO erp_app;
END $$;

-- style: prepare
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, note text);
ALTER TABLE {t} {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY;
CREATE POLICY tenant ON {t} USING ({using});
GRANT {verbs} ON {t} TO erp_app;
-- file
PREPARE {t}_fill AS UPDATE {t} SET note = '' WHERE note IS NULL;
EXECUTE {t}_fill;
DEALLOCATE {t}_fill;

-- style: backfill
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, note text);
ALTER TABLE {t} {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY;
CREATE POLICY tenant ON {t} USING ({using});
GRANT {verbs} ON {t} TO erp_app;
-- file
DO $$
DECLARE
    n bigint;
BEGIN
    UPDATE {t} SET note = upper(note);
    GET DIAGNOSTICS n = ROW_COUNT;
    RAISE NOTICE '% rows', n;
    IF NOT FOUND THEN
        RAISE NOTICE 'none';
    END IF;
END $$;

-- style: view
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE {t} {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY;
CREATE POLICY tenant ON {t} USING ({using});
-- file
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_views WHERE viewname = '{t}_all') THEN
        EXECUTE 'CREATE VIEW {t}_all WITH (security_invoker = true) AS SELECT * FROM {t}';
        EXECUTE $v$CREATE VIEW {t}_open AS SELECT id, tenant_id FROM {t}$v$;
    END IF;
    EXECUTE format('GRANT {verbs} ON %I, %I TO erp_app', '{t}_all', '{t}_open');
END $$;

-- style: trigger
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE FUNCTION {t}_stamp() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NEW; END $f$;
-- file
DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE nspname = 'public' AND relkind = 'r' AND relname = '{t}' LOOP
        IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = t.relname::regclass AND tgname = 'stamp') THEN
            EXECUTE format('CREATE TRIGGER stamp BEFORE INSERT ON %I FOR EACH ROW EXECUTE FUNCTION {t}_stamp()', t.relname);
        END IF;
    END LOOP;
    ALTER TABLE {t} {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY;
    CREATE POLICY tenant ON {t} USING ({using});
    GRANT {verbs} ON {t} TO erp_app;
END $$;

-- style: configured
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE FUNCTION {t}_tables() RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $f$ VALUES ('{t}') $f$;
CREATE FUNCTION {t}_predicate() RETURNS text LANGUAGE sql IMMUTABLE AS $f$ SELECT $p${using}$p$ $f$;
-- file
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT {t}_tables() LOOP
        EXECUTE format('ALTER TABLE %I {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON %I USING (%s)', name, {t}_predicate());
        EXECUTE format('GRANT {verbs} ON %I TO erp_app', name);
    END LOOP;
END $$;

-- style: renamed
CREATE TABLE {t}_old (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file
DO $$ BEGIN
    IF EXISTS (SELECT FROM information_schema.tables WHERE table_name = '{t}_old') THEN
        ALTER TABLE {t}_old RENAME TO {t};
    END IF;
    ALTER TABLE {t} {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY;
    CREATE POLICY tenant ON {t} USING ({using});
    GRANT {verbs} ON {t} TO erp_app;
END $$;

-- style: owner
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file
DO $$
DECLARE
    who name := current_user;
BEGIN
    EXECUTE format('ALTER TABLE {t} OWNER TO %I', who);
    EXECUTE format('ALTER TABLE {t} OWNER TO %I', session_user);
    EXECUTE 'ALTER TABLE {t} {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY';
    EXECUTE 'CREATE POLICY tenant ON {t} USING ({quoted})';
    EXECUTE format('GRANT {verbs} ON {t} TO %s', 'erp_app');
END $$;

-- style: not-followed
CREATE TABLE {t} (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
-- file
DO $$
DECLARE
    name text;
BEGIN
    SELECT '{t}' || left(md5(txid_current()::text), 0) INTO name;
    EXECUTE format('ALTER TABLE %I {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant ON %I USING ({quoted})', name);
    EXECUTE format('GRANT {verbs} ON %I TO erp_app', name);
END $$;
