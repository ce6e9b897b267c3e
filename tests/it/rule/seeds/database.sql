-- Defects that stay in a database, one for each rule. `-- kept` stands for a well-kept table {t}, and {tenant} for the tenant that is bound.

-- seed: rls-disabled
CREATE TABLE {t} (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id));
GRANT SELECT ON {t} TO erp_app;

-- seed: policies-rls-off
-- kept
ALTER TABLE {t} DISABLE ROW LEVEL SECURITY;

-- seed: force-missing
-- kept
ALTER TABLE {t} NO FORCE ROW LEVEL SECURITY;

-- seed: rls-no-permissive-policy
-- kept
DROP POLICY {t}_tenant ON {t};

-- seed: command-coverage-gap
-- kept
ALTER POLICY {t}_tenant ON {t} RENAME TO {t}_all;
DROP POLICY {t}_all ON {t};
CREATE POLICY {t}_read ON {t} FOR SELECT TO erp_app USING (tenant_id = (SELECT {tenant}));

-- seed: indirect-tenant-table
CREATE TABLE {t}_parent (tenant_id uuid NOT NULL, id uuid PRIMARY KEY);
CREATE TABLE {t} (id uuid PRIMARY KEY, parent_id uuid NOT NULL REFERENCES {t}_parent);
GRANT SELECT ON {t} TO erp_app;

-- seed: tenant-column-nullable
-- kept
CREATE TABLE {t}_x (id int);
DROP TABLE {t}_x;
ALTER TABLE {t} DROP CONSTRAINT {t}_pkey;
ALTER TABLE {t} ALTER tenant_id DROP NOT NULL;
CREATE INDEX ON {t} (tenant_id);

-- seed: tenant-default-unsafe
-- kept
ALTER TABLE {t} ALTER tenant_id SET DEFAULT current_setting('app.tenant_id', true)::uuid;

-- seed: tenant-index-missing
-- kept
ALTER TABLE {t} DROP CONSTRAINT {t}_pkey;
ALTER TABLE {t} ADD PRIMARY KEY (id, tenant_id);

-- seed: nonleakproof-index
-- kept
ALTER TABLE {t} ADD COLUMN total numeric;
CREATE INDEX ON {t} (tenant_id, total);

-- seed: truncate-granted
-- kept
GRANT TRUNCATE ON {t} TO erp_app;

-- seed: references-granted
-- kept
GRANT REFERENCES ON {t} TO erp_app;

-- seed: trigger-granted
-- kept
GRANT TRIGGER ON {t} TO erp_app;

-- seed: using-true
-- kept
DROP POLICY {t}_floor ON {t};
CREATE POLICY {t}_open ON {t} FOR SELECT TO erp_app USING (true);

-- seed: with-check-weaker
-- kept
DROP POLICY {t}_floor ON {t};
ALTER POLICY {t}_tenant ON {t} WITH CHECK (true);

-- seed: expressionless-policy
-- kept
CREATE POLICY {t}_nothing ON {t} AS RESTRICTIVE FOR INSERT TO PUBLIC;

-- seed: tenant-column-unbound
-- kept
DROP POLICY {t}_floor ON {t};
ALTER POLICY {t}_tenant ON {t} USING (name <> '') WITH CHECK (name <> '');

-- seed: tenant-predicate-not-conjunctive
-- kept
DROP POLICY {t}_floor ON {t};
ALTER POLICY {t}_tenant ON {t} USING (name = 'all' OR tenant_id = (SELECT {tenant}));

-- seed: guc-fail-open
-- kept
DROP POLICY {t}_floor ON {t};
ALTER POLICY {t}_tenant ON {t} USING (current_setting('app.tenant_id', true) IS NULL OR tenant_id = (SELECT {tenant}));

-- seed: guc-empty-string-cast
-- kept
ALTER POLICY {t}_tenant ON {t} USING (tenant_id = (SELECT current_setting('app.tenant_id', true)::uuid));

-- seed: guc-names-inconsistent
-- kept
ALTER POLICY {t}_tenant ON {t} USING (tenant_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));

-- seed: tenant-column-cast
-- kept
ALTER POLICY {t}_tenant ON {t} USING (tenant_id::text = (SELECT current_setting('app.tenant_id', true)));

-- seed: pattern-match-tenant
-- kept
DROP POLICY {t}_floor ON {t};
ALTER POLICY {t}_tenant ON {t} USING (tenant_id::text LIKE (SELECT current_setting('app.tenant_id', true)));

-- seed: immutable-session-function
-- kept
CREATE FUNCTION {t}_f() RETURNS uuid LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RETURN {tenant}; END $$;
ALTER POLICY {t}_tenant ON {t} USING (tenant_id = (SELECT {t}_f()));

-- seed: policy-function-execute
-- kept
CREATE FUNCTION {t}_f() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT {tenant} $$;
REVOKE EXECUTE ON FUNCTION {t}_f() FROM PUBLIC;
ALTER POLICY {t}_tenant ON {t} USING (tenant_id = (SELECT {t}_f()));

-- seed: policy-recursion
-- kept
ALTER POLICY {t}_tenant ON {t} USING (tenant_id = (SELECT {tenant}) AND EXISTS (SELECT 1 FROM {t} o WHERE o.id <> {t}.id));

-- seed: current-user-discriminator
-- kept
ALTER POLICY {t}_tenant ON {t} USING (tenant_id = (SELECT {tenant}) AND name = current_user);

-- seed: restrictive-floor-role-scoped
-- kept
DROP POLICY {t}_floor ON {t};
CREATE POLICY {t}_floor ON {t} AS RESTRICTIVE TO erp_app USING (tenant_id = (SELECT {tenant}));

-- seed: per-row-function
-- kept
ALTER POLICY {t}_tenant ON {t} USING (tenant_id = {tenant});

-- seed: in-subselect-policy
-- kept
ALTER POLICY {t}_tenant ON {t} USING (tenant_id IN (SELECT {tenant}));

-- seed: parallel-unsafe-function
-- kept
CREATE FUNCTION {t}_f() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT {tenant} $$;
ALTER POLICY {t}_tenant ON {t} USING (tenant_id = (SELECT {t}_f()));

-- seed: view-definer
-- kept
ALTER TABLE {t} RENAME TO {t}_table;
ALTER TABLE {t}_table NO FORCE ROW LEVEL SECURITY;
CREATE VIEW {t} AS SELECT * FROM {t}_table;
GRANT SELECT ON {t} TO erp_app;

-- seed: matview-over-rls
-- kept
ALTER TABLE {t} RENAME TO {t}_table;
CREATE MATERIALIZED VIEW {t} AS SELECT * FROM {t}_table;
GRANT SELECT ON {t} TO erp_app;

-- seed: matview-owner-bound
-- kept
ALTER TABLE {t} RENAME TO {t}_table;
CREATE MATERIALIZED VIEW {t} AS SELECT * FROM {t}_table WITH NO DATA;

-- seed: rewrite-rule
-- kept
CREATE TABLE {t}_log (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id));
ALTER TABLE {t}_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY {t}_log ON {t}_log TO erp_app USING (tenant_id = (SELECT {tenant}));
CREATE RULE {t}_r AS ON DELETE TO {t} DO ALSO DELETE FROM {t}_log WHERE id = OLD.id;

-- seed: leakproof-user-function
CREATE FUNCTION {t}(text) RETURNS boolean LANGUAGE plpgsql LEAKPROOF STABLE AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$;

-- seed: secdef-search-path
CREATE FUNCTION {t}() RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT 1 $$;

-- seed: secdef-function
-- kept
ALTER TABLE {t} RENAME TO {t}_table;
ALTER TABLE {t}_table NO FORCE ROW LEVEL SECURITY;
CREATE FUNCTION {t}() RETURNS SETOF {t}_table LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ SELECT * FROM public.{t}_table $$;

-- seed: partition-child-direct
CREATE TABLE {t}_all (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
CREATE TABLE {t} PARTITION OF {t}_all FOR VALUES WITH (MODULUS 1, REMAINDER 0);
GRANT SELECT ON {t} TO erp_app;

-- seed: notify-payload
-- kept
CREATE FUNCTION {t}_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('changed', row_to_json(NEW)::text); RETURN NEW; END $$;
CREATE TRIGGER {t}_tell AFTER INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION {t}_f();

-- seed: large-objects
-- kept
ALTER TABLE {t} ADD COLUMN document oid;

-- seed: unique-not-tenant
-- kept
ALTER TABLE {t} ADD COLUMN email text NOT NULL UNIQUE;

-- seed: exclusion-not-tenant
-- kept
ALTER TABLE {t} ADD COLUMN during tsrange;
ALTER TABLE {t} ADD EXCLUDE USING gist (during WITH &&);

-- seed: fk-not-tenant-composite
-- kept
ALTER TABLE {t} ADD UNIQUE (id);
ALTER TABLE {t} ADD COLUMN above uuid REFERENCES {t} (id);

-- seed: fk-cascade-cross-tenant
-- kept
ALTER TABLE {t} ADD UNIQUE (id);
ALTER TABLE {t} ADD COLUMN above uuid REFERENCES {t} (id) ON DELETE CASCADE;

-- seed: session-set
CREATE FUNCTION {t}(tenant uuid) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('app.tenant_id', '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11', false); END $$;

-- seed: guc-user-settable
CREATE FUNCTION {t}(tenant uuid) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('app.tenant_id', tenant::text, true); END $$;

-- seed: temp-table-in-pool
CREATE FUNCTION {t}() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TEMP TABLE staging (id int); END $$;

-- seed: session-advisory-lock
CREATE FUNCTION {t}() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_lock(1); END $$;

-- seed: pk-not-tenant
-- kept
ALTER TABLE {t} DROP CONSTRAINT {t}_pkey;
ALTER TABLE {t} ADD COLUMN number text PRIMARY KEY;
CREATE INDEX ON {t} (tenant_id);

-- seed: literal-tenant
-- kept
DROP POLICY {t}_floor ON {t};
ALTER POLICY {t}_tenant ON {t} USING (tenant_id = '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11');

-- seed: policy-cross-table
-- kept
CREATE TABLE {t}_open (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id));
GRANT SELECT, INSERT ON {t}_open TO erp_app;
ALTER POLICY {t}_tenant ON {t} USING (tenant_id = (SELECT {tenant}) AND id IN (SELECT o.id FROM {t}_open o));

-- seed: secdef-trigger
-- kept
CREATE TABLE {t}_log (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id));
ALTER TABLE {t}_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY {t}_log ON {t}_log TO erp_app USING (tenant_id = (SELECT {tenant}));
CREATE FUNCTION {t}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM public.{t}_log;
    RETURN NULL;
END
$$;
CREATE TRIGGER {t}_log AFTER DELETE ON {t} FOR EACH ROW EXECUTE FUNCTION {t}();

-- seed: inherit-child-direct
-- kept
ALTER TABLE {t} RENAME TO {t}_parent;
CREATE SCHEMA {t};
CREATE TABLE {t}.child () INHERITS ({t}_parent);
GRANT USAGE ON SCHEMA {t} TO erp_app;
GRANT SELECT ON {t}.child TO erp_app;

-- seed: with-hold-cursor
CREATE FUNCTION {t}() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'DECLARE c CURSOR WITH HOLD FOR SELECT 1';
END
$$;

-- seed: listen-in-pool
CREATE FUNCTION {t}() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LISTEN changed;
END
$$;

-- seed: session-prepare
CREATE FUNCTION {t}() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'PREPARE p AS SELECT 1';
END
$$;

-- seed: set-config-same-statement
-- kept
ALTER TABLE {t} RENAME TO {t}_table;
CREATE FUNCTION {t}() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM public.{t}_table, set_config('app.tenant_id', '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11', true)
$$;
