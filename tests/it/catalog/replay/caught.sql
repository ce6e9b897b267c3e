-- Errors that are caught, and what they undo.

CREATE TABLE crate (tenant_id uuid NOT NULL, id bigint PRIMARY KEY);
CREATE POLICY first ON crate USING (true);

DO $$
BEGIN
    CREATE POLICY second ON crate USING (true);
    CREATE POLICY first ON crate USING (false);
    CREATE TABLE never (id int);
EXCEPTION
    WHEN duplicate_object THEN
        CREATE POLICY instead ON crate USING (true);
END
$$;
DO $$
BEGIN
    BEGIN
        DROP POLICY missing ON crate;
    EXCEPTION
        WHEN undefined_object THEN NULL;
    END;
    BEGIN
        ALTER TABLE nowhere ENABLE ROW LEVEL SECURITY;
    EXCEPTION
        WHEN undefined_table OR undefined_object THEN
            RAISE NOTICE 'no such table: %', SQLERRM;
    END;
    BEGIN
        ALTER TABLE crate ADD COLUMN label text;
    EXCEPTION
        WHEN OTHERS THEN
            RAISE NOTICE 'not added';
    END;
    BEGIN
        ALTER TABLE crate DROP COLUMN label;
        RAISE EXCEPTION 'no' USING ERRCODE = '42710';
    EXCEPTION
        WHEN SQLSTATE '42710' THEN
            ALTER TABLE crate ADD COLUMN put_back text;
    END;
    BEGIN
        BEGIN
            CREATE TABLE gone (id int);
            CREATE TABLE crate (id int);
        EXCEPTION
            WHEN duplicate_column THEN NULL;
        END;
    EXCEPTION
        WHEN duplicate_table THEN
            CREATE TABLE outer_handler (id int);
    END;
END
$$;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['first', 'third', 'third'] LOOP
        BEGIN
            EXECUTE format('CREATE POLICY %I ON crate AS RESTRICTIVE USING (true)', name);
        EXCEPTION
            WHEN duplicate_object THEN NULL;
        END;
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_policy WHERE polname = 'fourth' AND polrelid = 'crate'::regclass) THEN
        CREATE POLICY fourth ON crate USING (true);
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'stamp' AND tgrelid = 'crate'::regclass AND NOT tgisinternal) THEN
        CREATE TRIGGER stamp BEFORE UPDATE ON crate FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'stamp') THEN
        DROP TABLE crate;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_indexes WHERE schemaname = 'public' AND indexname = 'crate_tenant') THEN
        CREATE INDEX crate_tenant ON crate (tenant_id);
    END IF;
    IF EXISTS (SELECT 1 FROM pg_indexes WHERE indexname = 'crate_tenant')
        AND (SELECT relrowsecurity FROM pg_class WHERE oid = 'public.crate'::regclass) IS NOT TRUE
    THEN
        EXECUTE 'ALTER TABLE crate ENABLE ROW LEVEL SECURITY';
    END IF;
    IF EXISTS (
        SELECT 1 FROM information_schema.table_constraints
        WHERE table_name = 'crate' AND constraint_type = 'PRIMARY KEY' AND constraint_name = 'crate_pkey'
    ) THEN
        ALTER TABLE crate DROP CONSTRAINT crate_pkey;
        ALTER TABLE crate ADD PRIMARY KEY (tenant_id, id);
    END IF;
    IF EXISTS (
        SELECT FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = 'crate' AND column_name = 'put_back' AND is_nullable = 'YES'
            AND data_type = 'text'
    ) THEN
        ALTER TABLE crate ALTER COLUMN put_back SET NOT NULL;
    END IF;
    EXECUTE 'DO $inner$ BEGIN ALTER TABLE crate ADD COLUMN by_inner int; END $inner$';
END
$$;
PREPARE filling (int) AS INSERT INTO outer_handler VALUES ($1);
EXECUTE filling(1);
EXPLAIN ANALYZE INSERT INTO outer_handler VALUES (2);
