-- Loops over what is known, and code that is put together.

CREATE TABLE crate (tenant_id uuid NOT NULL, id bigint PRIMARY KEY, label text);
CREATE TABLE shelf (tenant_id uuid NOT NULL, id bigint PRIMARY KEY);
CREATE TABLE "Odd Name" (tenant_id uuid NOT NULL, id bigint PRIMARY KEY);
CREATE SCHEMA depot;
CREATE TABLE depot.lorry (tenant_id uuid NOT NULL, id bigint PRIMARY KEY);
CREATE TABLE depot.log (line text);

DO $$
DECLARE
    name text;
    tables CONSTANT text[] := ARRAY['crate', 'shelf', 'Odd Name']::text[];
BEGIN
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE 'ALTER TABLE ' || quote_ident(name) || ' FORCE ROW LEVEL SECURITY';
        EXECUTE format(
            $policy$CREATE POLICY %1$I ON %2$s FOR %3$s USING (tenant_id = nullif(current_setting(%4$L, true), '')::uuid)$policy$,
            left(lower(name), 3) || '_tenant', quote_ident(name),
            CASE WHEN name = 'shelf' THEN 'SELECT' ELSE 'ALL' END, 'app.tenant_id');
    END LOOP;
END
$$;

DO $$
DECLARE
    pair record;
    number int;
    made text := '';
BEGIN
    FOR pair IN SELECT * FROM (VALUES ('crate', 'weight'), ('shelf', 'height')) AS v (tab, col) LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN %I numeric', pair.tab, pair.col);
        made := made || pair.col || ',';
    END LOOP;
    FOR number IN 1..3 LOOP
        CONTINUE WHEN number = 2;
        EXECUTE format('CREATE TABLE part_%s (id int)', number);
    END LOOP;
    FOR number IN REVERSE 8..4 BY 2 LOOP
        EXIT WHEN number < 6;
        EXECUTE 'CREATE TABLE back_' || number::text || ' (id int)';
    END LOOP;
    number := 0;
    WHILE number < 2 LOOP
        number := number + 1;
        EXECUTE concat('CREATE TABLE while_', number, ' (id int)');
    END LOOP;
    <<outer>>
    LOOP
        LOOP
            number := number + 1;
            EXIT outer WHEN number > 4;
            EXECUTE format('CREATE TABLE loop_%s (id int)', number);
        END LOOP;
    END LOOP;
    IF made = 'weight,height,' AND number = 5 THEN
        CREATE TABLE all_of_them (id int);
    ELSIF made IS NULL THEN
        CREATE TABLE never (id int);
    ELSE
        CREATE TABLE never (id int);
    END IF;
    CASE number
        WHEN 1, 2 THEN CREATE TABLE never (id int);
        WHEN 5 THEN CREATE TABLE five (id int);
        ELSE NULL;
    END CASE;
END
$$;

DO $$
DECLARE
    t record;
BEGIN
    FOR t IN
        SELECT c.oid, n.nspname, c.relname
        FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'depot' AND c.relkind = 'r' AND NOT c.relrowsecurity
            AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
    LOOP
        EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', t.nspname, t.relname);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t.oid::regclass);
    END LOOP;
    FOR t IN
        SELECT table_schema, table_name FROM information_schema.columns
        WHERE column_name = 'tenant_id' AND table_schema IN ('depot') AND table_name LIKE 'l%'
    LOOP
        EXECUTE format('CREATE INDEX ON %I.%I (tenant_id)', t.table_schema, t.table_name);
    END LOOP;
    FOR t IN SELECT schemaname, tablename, policyname FROM pg_policies WHERE tablename = 'shelf' LOOP
        EXECUTE format('DROP POLICY %I ON %I.%I', t.policyname, t.schemaname, t.tablename);
        EXECUTE format('CREATE POLICY renamed ON %I.%I USING (true)', t.schemaname, t.tablename);
    END LOOP;
END
$$;

DO $$
DECLARE
    names text[];
    one text;
    many int;
BEGIN
    SELECT array_agg(tablename) INTO names FROM pg_tables WHERE schemaname = 'depot';
    SELECT count(*) INTO many FROM pg_tables WHERE schemaname = 'depot';
    IF many = 2 AND array_length(names, 1) = 2 THEN
        FOR one IN SELECT unnest(names) LOOP
            EXECUTE format('COMMENT ON TABLE depot.%I IS %L', one, 'it');
            EXECUTE format('ALTER TABLE depot.%I ADD COLUMN made timestamptz', one);
        END LOOP;
    END IF;
    SELECT tablename INTO one FROM pg_tables WHERE schemaname = 'nowhere';
    IF NOT FOUND THEN
        ALTER TABLE depot.log ADD COLUMN missed int;
    END IF;
    IF to_regclass('depot.log') IS NOT NULL AND to_regclass('depot.nothing') IS NULL THEN
        ALTER TABLE depot.log ADD COLUMN there int;
    END IF;
    EXECUTE 'SELECT $1 || $2' INTO one USING 'depot', '.log';
    EXECUTE 'ALTER TABLE ' || one || ' ADD COLUMN last int; ALTER TABLE depot.log ADD COLUMN very_last int';
    IF (SELECT bool_or(relrowsecurity) FROM pg_class WHERE relname = 'lorry') THEN
        ALTER TABLE depot.log ADD COLUMN secured int;
    END IF;
    SET LOCAL search_path = depot;
    CREATE TABLE van (id int);
    RETURN;
    CREATE TABLE never (id int);
END
$$;
CREATE TABLE behind (id int);

DO $$
DECLARE
    list text := '';
BEGIN
    FOR i IN 1..2 LOOP
        list := list || format('CREATE TABLE listed_%s (id int);', i);
    END LOOP;
    EXECUTE list;
    <<some>>
    BEGIN
        FOR i IN 1..2 LOOP
            EXIT some WHEN i = 2;
        END LOOP;
        CREATE TABLE never (id int);
    END;
    CREATE TABLE after_some (id int);
END
$$;
