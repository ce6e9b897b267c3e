-- What migrations in the field look like.

CREATE TABLE a (tenant_id uuid NOT NULL, id bigint, PRIMARY KEY (tenant_id, id));
CREATE TABLE b (tenant_id uuid NOT NULL, id bigint, PRIMARY KEY (tenant_id, id));
CREATE TABLE c (tenant_id uuid NOT NULL, id bigint, PRIMARY KEY (tenant_id, id));
CREATE TABLE d (tenant_id uuid NOT NULL, id bigint, PRIMARY KEY (tenant_id, id));
CREATE TABLE e (tenant_id uuid NOT NULL, id bigint, PRIMARY KEY (tenant_id, id));
CREATE TABLE f (tenant_id uuid NOT NULL, id bigint, PRIMARY KEY (tenant_id, id));
CREATE TABLE g (tenant_id uuid NOT NULL, id bigint, PRIMARY KEY (tenant_id, id));
CREATE TABLE h (tenant_id uuid NOT NULL, id bigint, PRIMARY KEY (tenant_id, id));
CREATE TABLE tenants (id uuid PRIMARY KEY);
DO $$ DECLARE tables text[] := '{a, b}'; t text; BEGIN
  FOREACH t IN ARRAY tables LOOP
    EXECUTE 'ALTER TABLE ' || t || ' ENABLE ROW LEVEL SECURITY;';
    EXECUTE 'ALTER TABLE ' || t || E' FORCE ROW\n LEVEL SECURITY';
    PERFORM 1 FROM pg_policies WHERE tablename = t AND policyname = t || '_p';
    IF NOT FOUND THEN
      EXECUTE format($f$ CREATE POLICY %1$s_p ON %1$I USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid) $f$, t);
    END IF;
  END LOOP; END $$;
DO $$ DECLARE r RECORD; has boolean; n int; BEGIN
  FOR r IN (SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name NOT IN ('a','b','tenants') AND table_name < 'e' ORDER BY table_name) LOOP
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', r.table_name);
    SELECT EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = ('public.' || r.table_name)::regclass AND polname = 'p') INTO has;
    IF NOT has THEN EXECUTE 'CREATE POLICY p ON ' || quote_ident(r.table_name) || ' USING (tenant_id = NULLIF(current_setting(''app.tenant_id'', true), '''')::uuid)'; END IF;
  END LOOP; END $$;
DO $$ DECLARE t text; BEGIN
  FOR t IN SELECT tablename FROM pg_tables WHERE tablename = ANY(ARRAY['e','f']) LOOP
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = t::regclass) THEN
      EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t::regclass);
      EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t::regclass);
      EXECUTE format('DROP POLICY IF EXISTS p ON %I; CREATE POLICY p ON %I USING (tenant_id = NULLIF(current_setting(''app.tenant_id'', true), '''')::uuid)', t, t);
    END IF;
  END LOOP; END $$;
CREATE FUNCTION mk(t text) RETURNS void AS $f$
DECLARE pol text := t || '_pol';
BEGIN
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', $1);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  BEGIN
    EXECUTE format('CREATE POLICY %I ON %I USING (tenant_id = NULLIF(current_setting(''app.tenant_id'', true), '''')::uuid)', pol, t);
  EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'policy % exists: %', pol, SQLERRM; END;
END $f$ LANGUAGE plpgsql;
SELECT mk(x) FROM (VALUES ('g'), ('h')) v(x);
SELECT mk(x) FROM (VALUES ('g'), ('h')) v(x);
CREATE ROLE "{role}_reader";
DO $$ DECLARE role text; BEGIN
  FOREACH role IN ARRAY ARRAY['{role}_reader'] LOOP
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role) THEN
      EXECUTE format('GRANT SELECT ON a TO %I', role);
    END IF;
  END LOOP;
END $$;
