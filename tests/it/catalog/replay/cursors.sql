-- Cursors over what is known.

CREATE TABLE crate (tenant_id uuid NOT NULL, id bigint PRIMARY KEY);
CREATE TABLE shelf (tenant_id uuid NOT NULL, id bigint PRIMARY KEY);
CREATE TABLE log (line text);

DO $$
DECLARE
    tables CURSOR FOR SELECT tablename, schemaname FROM pg_tables WHERE schemaname = 'public' AND tablename IN ('crate', 'shelf');
    columns NO SCROLL CURSOR (prefix text, many int) IS SELECT prefix || n AS name FROM generate_series(1, many) AS n;
    r text := 'outside';
BEGIN
    FOR r IN tables LOOP
        EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', r.schemaname, r.tablename);
        FOR r IN columns(left(r.tablename, 1) || '_', 2) LOOP
            EXECUTE format('ALTER TABLE log ADD COLUMN %I int', r.name);
        END LOOP;
        EXECUTE format('CREATE POLICY own ON %I USING (true)', r.tablename);
    END LOOP;
    FOR r IN columns(many := 1, prefix := 'named_') LOOP
        EXECUTE format('ALTER TABLE log ADD COLUMN %I int', r.name);
    END LOOP;
    IF FOUND AND r = 'outside' THEN
        ALTER TABLE log ADD COLUMN found_one int;
    END IF;
    FOR r IN columns('none_', 0) LOOP
        CREATE TABLE never (id int);
    END LOOP;
    IF NOT FOUND THEN
        ALTER TABLE log ADD COLUMN found_none int;
    END IF;
END
$$;

DO $$
DECLARE
    tables CURSOR FOR SELECT * FROM (VALUES ('crate', 'a'), ('shelf', 'b'), ('log', 'c')) AS v (tab, col);
    other refcursor;
    one record;
    tab text;
    col text;
    number int := 0;
BEGIN
    OPEN tables;
    LOOP
        FETCH tables INTO one;
        EXIT WHEN NOT FOUND;
        EXECUTE format('ALTER TABLE %I ADD COLUMN %I int', one.tab, one.col);
    END LOOP;
    CLOSE tables;
    OPEN tables;
    MOVE NEXT FROM tables;
    FETCH NEXT FROM tables INTO tab, col;
    EXECUTE format('CREATE TABLE second_%s_%s (id int)', tab, col);
    FETCH tables INTO tab, col;
    FETCH tables INTO tab, col;
    IF tab IS NULL AND NOT FOUND THEN
        CREATE TABLE after_the_last (id int);
    END IF;
    CLOSE tables;
    OPEN other FOR SELECT 'opened';
    FETCH FORWARD FROM other INTO tab;
    EXECUTE format('CREATE TABLE %I (id int)', tab);
    CLOSE other;
    OPEN other NO SCROLL FOR EXECUTE format('SELECT %L || $1 || n AS name FROM generate_series(1, 2) AS n', 'run_') USING 'by_';
    FETCH other INTO tab;
    WHILE FOUND LOOP
        number := number + 1;
        EXECUTE format('CREATE TABLE %I (id int)', tab);
        FETCH other INTO tab;
    END LOOP;
    CLOSE other;
    IF number = 2 THEN
        CREATE TABLE both_of_them (id int);
    END IF;
    BEGIN
        OPEN tables;
        FETCH tables INTO tab, col;
        CREATE TABLE undone (id int);
        CREATE TABLE crate (id int);
    EXCEPTION WHEN duplicate_table THEN
        EXECUTE format('CREATE TABLE caught_%s (id int)', coalesce(tab, 'nothing'));
    END;
END
$$;

CREATE FUNCTION protect(prefix text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    found_tables CURSOR FOR
        SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relname LIKE prefix || '%' AND relnamespace = 'public'::regnamespace;
    many int := 0;
BEGIN
    FOR one IN found_tables LOOP
        many := many + 1;
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', one.name);
    END LOOP;
    RETURN many;
END
$$;
DO $$
BEGIN
    IF protect('run') = 2 THEN
        CREATE TABLE protected (id int);
    END IF;
END
$$;
