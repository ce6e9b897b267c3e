-- Files that people have linted, and were told something wrong.

-- style: assert-count
SET lock_timeout='1s';
BEGIN;
CREATE TABLE box (tenant_id uuid NOT NULL, id bigint NOT NULL, body text, PRIMARY KEY (tenant_id, id));
ALTER TABLE box ENABLE ROW LEVEL SECURITY;
ALTER TABLE box FORCE ROW LEVEL SECURITY;
CREATE POLICY t ON box USING (tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON box TO erp_app;
COMMIT;
-- file
DO $$ BEGIN IF EXISTS (SELECT 1 FROM box WHERE body IS NULL) THEN RAISE EXCEPTION 'left'; END IF; END $$;

-- style: bigserial
CREATE TABLE crates (tenant_id uuid NOT NULL, id bigint NOT NULL, PRIMARY KEY (tenant_id, id));
ALTER TABLE crates ADD COLUMN "position" bigserial NOT NULL;

-- style: call-procedure
SET lock_timeout='1s';
BEGIN;
CREATE TABLE box (tenant_id uuid NOT NULL, id bigint NOT NULL, body text, PRIMARY KEY (tenant_id, id));
ALTER TABLE box ENABLE ROW LEVEL SECURITY;
ALTER TABLE box FORCE ROW LEVEL SECURITY;
CREATE POLICY t ON box USING (tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON box TO erp_app;
COMMIT;
-- file
CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN UPDATE box SET body = ''; END $$;
CALL fill();

-- style: guard-policies
SET lock_timeout = '1s';
CREATE TABLE box (tenant_id uuid NOT NULL, id bigint NOT NULL, PRIMARY KEY (tenant_id, id));
DO $$
BEGIN
    ALTER TABLE box ENABLE ROW LEVEL SECURITY;
    ALTER TABLE box FORCE ROW LEVEL SECURITY;
END;
$$;
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_policies WHERE schemaname = 'public' AND tablename = 'box' AND policyname = 'box_tenant') THEN
        CREATE POLICY box_tenant ON box
            USING (tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid))
            WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid));
    END IF;
END;
$$;

-- style: guard-exception
SET lock_timeout = '1s';
CREATE TABLE box (tenant_id uuid NOT NULL, id bigint NOT NULL, PRIMARY KEY (tenant_id, id));
ALTER TABLE box ENABLE ROW LEVEL SECURITY;
ALTER TABLE box FORCE ROW LEVEL SECURITY;
DO $$ BEGIN
  CREATE POLICY box_tenant ON box
     USING (tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid));
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

-- style: loop-enable
SET lock_timeout = '1s';
CREATE TABLE box (tenant_id uuid NOT NULL, id bigint NOT NULL, PRIMARY KEY (tenant_id, id));
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['box'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant_isolation ON %I USING (tenant_id = (SELECT NULLIF(current_setting(''app.tenant_id'', true), '''')::uuid))', t);
  END LOOP;
END $$;

-- style: predicate-function
SET lock_timeout='1s';
BEGIN;
CREATE TABLE box (tenant_id uuid NOT NULL, id bigint NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE FUNCTION may_see(t uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT t = NULLIF(current_setting('app.tenant_id', true), '')::uuid $$;
CREATE FUNCTION may_see2(t uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN RETURN t = ANY (string_to_array(current_setting('app.tenant_id', true), ',')::uuid[]); END $$;
ALTER TABLE box ENABLE ROW LEVEL SECURITY;
ALTER TABLE box FORCE ROW LEVEL SECURITY;
CREATE POLICY p1 ON box FOR SELECT USING (may_see(tenant_id));
CREATE POLICY p2 ON box FOR DELETE USING (may_see2(tenant_id));
COMMIT;
