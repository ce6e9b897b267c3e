-- Blocks of PL/pgSQL whose effect is certain.

DO $$ BEGIN CREATE TYPE k AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE TYPE k AS ENUM ('b'); EXCEPTION WHEN duplicate_object THEN RAISE NOTICE 'there'; END $$;
DO $$ BEGIN CREATE TABLE t (a int, b k); EXCEPTION WHEN duplicate_table THEN NULL; END $$;
DO $$ BEGIN CREATE TABLE t (c int); EXCEPTION WHEN undefined_object OR duplicate_table THEN NULL; END $$;
DO $$ BEGIN ALTER TABLE t ADD COLUMN a text; EXCEPTION WHEN duplicate_column THEN NULL; END $$;
DO $$ BEGIN ALTER TABLE t ADD COLUMN c text; EXCEPTION WHEN duplicate_column THEN NULL; END $$;
DO $$ BEGIN ALTER TABLE t ADD CONSTRAINT c1 CHECK (a > 0); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN ALTER TABLE t ADD CONSTRAINT c1 CHECK (a > 1); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE POLICY p ON t USING (a > 1); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE POLICY p ON t USING (a > 2); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE SCHEMA s; EXCEPTION WHEN duplicate_schema THEN NULL; END $$;
DO $$ BEGIN CREATE SCHEMA s; EXCEPTION WHEN duplicate_schema THEN NULL; END $$;
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'k') THEN
        CREATE TYPE k AS ENUM ('c');
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'k2') THEN
        CREATE TYPE k2 AS ENUM ('c');
    END IF;
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'c1') THEN
        ALTER TABLE t ADD CONSTRAINT c1 CHECK (a > 3);
    ELSIF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'c2' AND conrelid = 't'::regclass) THEN
        ALTER TABLE t ADD CONSTRAINT c2 CHECK (a > 4);
    ELSE
        ALTER TABLE t ADD CONSTRAINT c3 CHECK (a > 5);
    END IF;
    IF EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 't' AND column_name = 'c') THEN
        ALTER TABLE t RENAME COLUMN c TO d;
    END IF;
    IF EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 't' AND column_name = 'c') THEN
        ALTER TABLE t RENAME COLUMN c TO e;
    END IF;
    IF EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = 's' AND table_name = 't') THEN
        DROP TABLE t;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{role}_block') THEN
        CREATE ROLE "{role}_block";
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{role}_block') THEN
        CREATE ROLE "{role}_block" LOGIN;
    END IF;
    DROP ROLE "{role}_block";
    IF NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'plpgsql') THEN
        CREATE TABLE never (a int);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 's') THEN
        CREATE TABLE never (a int);
    END IF;
    BEGIN
        EXECUTE 'CREATE TABLE s.u (a int)';
        GRANT SELECT ON s.u TO PUBLIC;
    END;
    SET search_path = s;
    CREATE TABLE v (a int);
END $$;
CREATE TABLE w (a int);
RESET search_path;
