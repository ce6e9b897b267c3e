-- Functions and procedures that are made to be called once or twice.

CREATE TABLE crate (tenant_id uuid NOT NULL, id bigint PRIMARY KEY);
CREATE TABLE shelf (tenant_id uuid NOT NULL, id bigint PRIMARY KEY);
CREATE TABLE box (tenant_id uuid NOT NULL, id bigint PRIMARY KEY);
CREATE SCHEMA depot;
CREATE TABLE depot.crate (tenant_id uuid NOT NULL, id bigint PRIMARY KEY);

CREATE FUNCTION policy_name(table_name text, suffix text DEFAULT 'tenant') RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT table_name || '_' || suffix
$$;

CREATE FUNCTION protect(target text, schema_name text DEFAULT 'public', forced boolean DEFAULT true) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    own_name CONSTANT text := policy_name(target);
BEGIN
    IF target IS NULL THEN
        RAISE EXCEPTION 'no table';
    END IF;
    EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', schema_name, target);
    IF forced THEN
        EXECUTE format('ALTER TABLE %I.%I FORCE ROW LEVEL SECURITY', schema_name, target);
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_policies p WHERE p.schemaname = schema_name AND p.tablename = target AND p.policyname = own_name) THEN
        EXECUTE format('CREATE POLICY %I ON %I.%I USING (tenant_id IS NOT NULL)', own_name, schema_name, target);
    END IF;
END
$$;

SELECT protect('crate');
SELECT protect('crate');
SELECT protect(name) FROM unnest(ARRAY['shelf', 'box']) AS name;
DO $$ BEGIN PERFORM protect('crate', schema_name => 'depot', forced => false); END $$;

CREATE PROCEDURE add_columns(target regclass, VARIADIC names text[]) LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY names LOOP
        EXECUTE format('ALTER TABLE %s ADD COLUMN IF NOT EXISTS %I text', target, name);
    END LOOP;
    COMMIT;
END
$$;
CALL add_columns('depot.crate', 'colour', 'size', 'colour');
CALL add_columns('box', 'lid');

CREATE FUNCTION nested(depth int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    IF depth <= 0 THEN
        RETURN 0;
    END IF;
    EXECUTE format('CREATE TABLE level_%s (id int)', depth);
    RETURN 1 + nested(depth - 1);
END
$$;
DO $$
DECLARE
    levels int := nested(3);
BEGIN
    EXECUTE format('CREATE TABLE levels_%s (id int)', levels);
END
$$;

CREATE FUNCTION in_depot() RETURNS void LANGUAGE plpgsql SET search_path = depot AS $$
BEGIN
    CREATE TABLE inside (id int);
END
$$;
SELECT in_depot();
CREATE TABLE outside (id int);

CREATE FUNCTION as_sql(name text) RETURNS void LANGUAGE sql AS $$
    CREATE TABLE made_by_sql (id int);
    ALTER TABLE made_by_sql ADD COLUMN name text;
$$;
SELECT as_sql('x');

CREATE FUNCTION given(OUT first text, OUT second text) LANGUAGE plpgsql AS $$
BEGIN
    first := 'one';
    second := 'two';
END
$$;
DO $$
DECLARE
    two record;
BEGIN
    SELECT * INTO two FROM (SELECT 'one' AS first, 'two' AS second) AS pair;
    EXECUTE format('CREATE TABLE %I (%I int)', two.first, two.second);
END
$$;
DROP FUNCTION protect(text, text, boolean);
CREATE FUNCTION counted(INOUT number int) LANGUAGE plpgsql AS $$
BEGIN
    number := number + 1;
    EXECUTE format('CREATE TABLE counted_%s (id int)', number);
END
$$;
DO $$
DECLARE
    at int := 0;
    it record;
BEGIN
    at := counted(at);
    SELECT * INTO it FROM pg_tables WHERE tablename = 'counted_1';
    IF it.tablename = 'counted_1' AND NOT it.rowsecurity THEN
        PERFORM counted(at + 1);
    END IF;
    <<deep>>
    DECLARE
        at text := 'shadow';
    BEGIN
        EXECUTE format('CREATE TABLE %I (id int)', deep.at);
    END;
    EXECUTE 'CREATE TABLE after_' || at || ' (id int)';
END
$$;
