-- What a migration does on its way. `-- kept` stands for a well-kept table {t}, and {tenant} for the tenant that is bound.

-- seed: rls-disabled-by-migration
-- kept
-- file: 2.sql
SET LOCAL lock_timeout = '2s';
ALTER TABLE {t} DISABLE ROW LEVEL SECURITY;
-- file: 3.sql
SET LOCAL lock_timeout = '2s';
ALTER TABLE {t} ENABLE ROW LEVEL SECURITY;

-- seed: policy-swap-window
-- kept
-- file: 2.sql
-- tenantry: no-transaction
SET lock_timeout = '2s';
DROP POLICY {t}_tenant ON {t};
CREATE POLICY {t}_tenant ON {t} TO erp_app USING (tenant_id = (SELECT {tenant}));

-- seed: backfill-under-force
-- kept
-- file: 2.sql
UPDATE {t} SET name = upper(name);

-- seed: rls-ddl-lock
-- kept
-- file: 2.sql
ALTER POLICY {t}_tenant ON {t} TO erp_app;

-- seed: copied-table-without-rls
-- kept
ALTER TABLE {t} RENAME TO {t}_old;
-- file: 2.sql
CREATE TABLE {t} (LIKE {t}_old INCLUDING ALL);

-- seed: table-swap-loses-rls
-- kept
CREATE TABLE {t}_new (tenant_id uuid NOT NULL, id uuid NOT NULL, name text, PRIMARY KEY (tenant_id, id));
-- file: 2.sql
SET LOCAL lock_timeout = '2s';
ALTER TABLE {t} RENAME TO {t}_old;
ALTER TABLE {t}_new RENAME TO {t};

-- seed: detached-partition-unprotected
CREATE TABLE {t}_all (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
CREATE TABLE {t} PARTITION OF {t}_all FOR VALUES WITH (MODULUS 1, REMAINDER 0);
-- file: 2.sql
SET LOCAL lock_timeout = '2s';
ALTER TABLE {t}_all DETACH PARTITION {t};

-- seed: drop-cascade-drops-policy
-- kept
CREATE FUNCTION {t}_f() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT true $$;
CREATE POLICY {t}_f ON {t} AS RESTRICTIVE USING ((SELECT {t}_f()));
-- file: 2.sql
SET LOCAL lock_timeout = '2s';
DROP FUNCTION {t}_f() CASCADE;

-- seed: view-replace-drops-invoker
-- kept
ALTER TABLE {t} RENAME TO {t}_table;
CREATE VIEW {t} WITH (security_invoker = true) AS SELECT name FROM {t}_table;
-- file: 2.sql
CREATE OR REPLACE VIEW {t} AS SELECT name FROM {t}_table;

-- seed: function-replace-resets-attributes
CREATE FUNCTION {t}() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT {tenant} $$;
-- file: 2.sql
CREATE OR REPLACE FUNCTION {t}() RETURNS uuid LANGUAGE sql AS $$ SELECT {tenant} $$;

-- seed: fk-validated-under-force
-- kept
ALTER TABLE {t} ADD COLUMN above uuid;
-- file: 2.sql
SET LOCAL lock_timeout = '2s';
ALTER TABLE {t} ADD FOREIGN KEY (tenant_id, above) REFERENCES {t} (tenant_id, id);

-- seed: enable-before-policy
CREATE TABLE {t} (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id));
ALTER TABLE {t} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- file: 2.sql
SET LOCAL lock_timeout = '2s';
CREATE POLICY {t}_tenant ON {t} TO erp_app USING (tenant_id = (SELECT {tenant}));

-- seed: grant-all
-- kept
GRANT ALL ON {t} TO erp_app;
REVOKE TRUNCATE, REFERENCES, TRIGGER ON {t} FROM erp_app;
