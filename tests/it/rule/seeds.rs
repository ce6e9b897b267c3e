//! One defect for each rule that speaks of a table or what stands with it: `{kept}` is a well-kept table `{t}`.

/// What stays in a database.
pub const DATABASE: &[(&str, &str)] = &[
    // Tables
    ("rls-disabled", "CREATE TABLE {t} (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id)); GRANT SELECT ON {t} TO erp_app;"),
    ("policies-rls-off", "{kept}ALTER TABLE {t} DISABLE ROW LEVEL SECURITY;"),
    ("force-missing", "{kept}ALTER TABLE {t} NO FORCE ROW LEVEL SECURITY;"),
    ("rls-no-permissive-policy", "{kept}DROP POLICY {t}_tenant ON {t};"),
    ("command-coverage-gap", "{kept}ALTER POLICY {t}_tenant ON {t} RENAME TO {t}_all; DROP POLICY {t}_all ON {t};
CREATE POLICY {t}_read ON {t} FOR SELECT TO erp_app USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));"),
    ("indirect-tenant-table", "CREATE TABLE {t}_parent (tenant_id uuid NOT NULL, id uuid PRIMARY KEY);
CREATE TABLE {t} (id uuid PRIMARY KEY, parent_id uuid NOT NULL REFERENCES {t}_parent); GRANT SELECT ON {t} TO erp_app;"),
    ("tenant-column-nullable", "{kept}CREATE TABLE {t}_x (id int); DROP TABLE {t}_x; ALTER TABLE {t} DROP CONSTRAINT {t}_pkey; ALTER TABLE {t} ALTER tenant_id DROP NOT NULL; CREATE INDEX ON {t} (tenant_id);"),
    ("tenant-default-unsafe", "{kept}ALTER TABLE {t} ALTER tenant_id SET DEFAULT current_setting('app.tenant_id', true)::uuid;"),
    ("tenant-index-missing", "{kept}ALTER TABLE {t} DROP CONSTRAINT {t}_pkey; ALTER TABLE {t} ADD PRIMARY KEY (id, tenant_id);"),
    ("nonleakproof-index", "{kept}ALTER TABLE {t} ADD COLUMN total numeric; CREATE INDEX ON {t} (tenant_id, total);"),
    // Grants
    ("truncate-granted", "{kept}GRANT TRUNCATE ON {t} TO erp_app;"),
    ("references-granted", "{kept}GRANT REFERENCES ON {t} TO erp_app;"),
    ("trigger-granted", "{kept}GRANT TRIGGER ON {t} TO erp_app;"),
    // Policies
    ("using-true", "{kept}DROP POLICY {t}_floor ON {t}; CREATE POLICY {t}_open ON {t} FOR SELECT TO erp_app USING (true);"),
    ("with-check-weaker", "{kept}DROP POLICY {t}_floor ON {t}; ALTER POLICY {t}_tenant ON {t} WITH CHECK (true);"),
    ("expressionless-policy", "{kept}CREATE POLICY {t}_nothing ON {t} AS RESTRICTIVE FOR INSERT TO PUBLIC;"),
    ("tenant-column-unbound", "{kept}DROP POLICY {t}_floor ON {t}; CREATE POLICY {t}_named ON {t} TO erp_app USING (name <> '');"),
    ("tenant-predicate-not-conjunctive", "{kept}DROP POLICY {t}_floor ON {t};
ALTER POLICY {t}_tenant ON {t} USING (name = 'all' OR tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));"),
    ("guc-fail-open", "{kept}DROP POLICY {t}_floor ON {t};
ALTER POLICY {t}_tenant ON {t} USING (current_setting('app.tenant_id', true) IS NULL OR tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));"),
    ("guc-empty-string-cast", "{kept}ALTER POLICY {t}_tenant ON {t} USING (tenant_id = (SELECT current_setting('app.tenant_id', true)::uuid));"),
    ("guc-names-inconsistent", "{kept}ALTER POLICY {t}_tenant ON {t} USING (tenant_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));"),
    ("tenant-column-cast", "{kept}ALTER POLICY {t}_tenant ON {t} USING (tenant_id::text = (SELECT current_setting('app.tenant_id', true)));"),
    ("pattern-match-tenant", "{kept}DROP POLICY {t}_floor ON {t}; ALTER POLICY {t}_tenant ON {t} USING (tenant_id::text LIKE (SELECT current_setting('app.tenant_id', true)));"),
    ("immutable-session-function", "{kept}CREATE FUNCTION {t}_f() RETURNS uuid LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RETURN nullif(current_setting('app.tenant_id', true), '')::uuid; END $$;
ALTER POLICY {t}_tenant ON {t} USING (tenant_id = (SELECT {t}_f()));"),
    ("policy-function-execute", "{kept}CREATE FUNCTION {t}_f() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;
REVOKE EXECUTE ON FUNCTION {t}_f() FROM PUBLIC;
ALTER POLICY {t}_tenant ON {t} USING (tenant_id = (SELECT {t}_f()));"),
    ("policy-recursion", "{kept}ALTER POLICY {t}_tenant ON {t} USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid) AND EXISTS (SELECT 1 FROM {t} o WHERE o.id <> {t}.id));"),
    ("current-user-discriminator", "{kept}ALTER POLICY {t}_tenant ON {t} USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid) AND name = current_user);"),
    ("restrictive-floor-role-scoped", "{kept}DROP POLICY {t}_floor ON {t}; CREATE POLICY {t}_floor ON {t} AS RESTRICTIVE TO erp_app USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));"),
    ("per-row-function", "{kept}ALTER POLICY {t}_tenant ON {t} USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);"),
    ("in-subselect-policy", "{kept}ALTER POLICY {t}_tenant ON {t} USING (tenant_id IN (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));"),
    ("parallel-unsafe-function", "{kept}CREATE FUNCTION {t}_f() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;
ALTER POLICY {t}_tenant ON {t} USING (tenant_id = (SELECT {t}_f()));"),
    // Objects that reach past policies
    ("view-definer", "{kept}ALTER TABLE {t} RENAME TO {t}_table; ALTER TABLE {t}_table NO FORCE ROW LEVEL SECURITY; CREATE VIEW {t} AS SELECT * FROM {t}_table; GRANT SELECT ON {t} TO erp_app;"),
    ("matview-over-rls", "{kept}ALTER TABLE {t} RENAME TO {t}_table; CREATE MATERIALIZED VIEW {t} AS SELECT * FROM {t}_table; GRANT SELECT ON {t} TO erp_app;"),
    ("rewrite-rule", "{kept}CREATE RULE {t}_r AS ON DELETE TO {t} DO ALSO UPDATE {t} SET name = 'x' WHERE tenant_id <> OLD.tenant_id;"),
    ("leakproof-user-function", "CREATE FUNCTION {t}(text) RETURNS boolean LANGUAGE plpgsql LEAKPROOF STABLE AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$;"),
    ("secdef-search-path", "CREATE FUNCTION {t}() RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT 1 $$;"),
    ("secdef-function", "{kept}ALTER TABLE {t} RENAME TO {t}_table; ALTER TABLE {t}_table NO FORCE ROW LEVEL SECURITY;
CREATE FUNCTION {t}() RETURNS SETOF {t}_table LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ SELECT * FROM public.{t}_table $$;"),
    ("partition-child-direct", "CREATE TABLE {t}_all (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
CREATE TABLE {t} PARTITION OF {t}_all FOR VALUES WITH (MODULUS 1, REMAINDER 0); GRANT SELECT ON {t} TO erp_app;"),
    ("notify-payload", "{kept}CREATE FUNCTION {t}_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('changed', row_to_json(NEW)::text); RETURN NEW; END $$;
CREATE TRIGGER {t}_tell AFTER INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION {t}_f();"),
    ("large-objects", "{kept}ALTER TABLE {t} ADD COLUMN document oid;"),
    // Keys
    ("unique-not-tenant", "{kept}ALTER TABLE {t} ADD COLUMN email text NOT NULL UNIQUE;"),
    ("exclusion-not-tenant", "{kept}ALTER TABLE {t} ADD COLUMN during tsrange; ALTER TABLE {t} ADD EXCLUDE USING gist (during WITH &&);"),
    ("fk-not-tenant-composite", "{kept}ALTER TABLE {t} ADD UNIQUE (id); ALTER TABLE {t} ADD COLUMN above uuid REFERENCES {t} (id);"),
    ("fk-cascade-cross-tenant", "{kept}ALTER TABLE {t} ADD UNIQUE (id); ALTER TABLE {t} ADD COLUMN above uuid REFERENCES {t} (id) ON DELETE CASCADE;"),
    // Functions
    ("session-set", "CREATE FUNCTION {t}(tenant uuid) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('app.tenant_id', '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11', false); END $$;"),
    ("guc-user-settable", "CREATE FUNCTION {t}(tenant uuid) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('app.tenant_id', tenant::text, true); END $$;"),
    ("temp-table-in-pool", "CREATE FUNCTION {t}() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TEMP TABLE staging (id int); END $$;"),
    ("session-advisory-lock", "CREATE FUNCTION {t}() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_lock(1); END $$;"),
];

/// What a migration does on its way.
pub const FILES: &[(&str, &str)] = &[
    ("rls-disabled-by-migration", "{kept}-- file: 2.sql\nSET LOCAL lock_timeout = '2s';\nALTER TABLE {t} DISABLE ROW LEVEL SECURITY;\n-- file: 3.sql\nSET LOCAL lock_timeout = '2s';\nALTER TABLE {t} ENABLE ROW LEVEL SECURITY;"),
    ("policy-swap-window", "{kept}-- file: 2.sql\n-- tenantry: no-transaction\nSET lock_timeout = '2s';\nDROP POLICY {t}_tenant ON {t};\nCREATE POLICY {t}_tenant ON {t} TO erp_app USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));"),
    ("backfill-under-force", "{kept}-- file: 2.sql\nUPDATE {t} SET name = upper(name);"),
    ("rls-ddl-lock", "{kept}-- file: 2.sql\nALTER POLICY {t}_tenant ON {t} TO erp_app;"),
    ("copied-table-without-rls", "{kept}ALTER TABLE {t} RENAME TO {t}_old;\n-- file: 2.sql\nCREATE TABLE {t} (LIKE {t}_old INCLUDING ALL);"),
    ("table-swap-loses-rls", "{kept}CREATE TABLE {t}_new (tenant_id uuid NOT NULL, id uuid NOT NULL, name text, PRIMARY KEY (tenant_id, id));\n-- file: 2.sql\nSET LOCAL lock_timeout = '2s';\nALTER TABLE {t} RENAME TO {t}_old;\nALTER TABLE {t}_new RENAME TO {t};"),
    ("detached-partition-unprotected", "CREATE TABLE {t}_all (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
CREATE TABLE {t} PARTITION OF {t}_all FOR VALUES WITH (MODULUS 1, REMAINDER 0);\n-- file: 2.sql\nSET LOCAL lock_timeout = '2s';\nALTER TABLE {t}_all DETACH PARTITION {t};"),
    ("drop-cascade-drops-policy", "{kept}CREATE FUNCTION {t}_f() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT true $$;
CREATE POLICY {t}_f ON {t} AS RESTRICTIVE USING ((SELECT {t}_f()));\n-- file: 2.sql\nSET LOCAL lock_timeout = '2s';\nDROP FUNCTION {t}_f() CASCADE;"),
    ("view-replace-drops-invoker", "{kept}ALTER TABLE {t} RENAME TO {t}_table; CREATE VIEW {t} WITH (security_invoker = true) AS SELECT name FROM {t}_table;\n-- file: 2.sql\nCREATE OR REPLACE VIEW {t} AS SELECT name FROM {t}_table;"),
    ("function-replace-resets-attributes", "CREATE FUNCTION {t}() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;\n-- file: 2.sql\nCREATE OR REPLACE FUNCTION {t}() RETURNS uuid LANGUAGE sql AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;"),
    ("fk-validated-under-force", "{kept}ALTER TABLE {t} ADD COLUMN above uuid;\n-- file: 2.sql\nSET LOCAL lock_timeout = '2s';\nALTER TABLE {t} ADD FOREIGN KEY (tenant_id, above) REFERENCES {t} (tenant_id, id);"),
];
