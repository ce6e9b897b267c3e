//! How the work grows with the files: as they do.

use super::lint;
use super::trial::manifest;
use crate::catalog::replay::Source;
use crate::ident::counted;

/// Ways of writing migrations: what there is of each table, and what is done to each of them later. `#` is the number of the
/// table, and `@` that of the one before it.
const STYLES: [(&str, &str, &str); 12] = [
    (
        "tables with policies",
        "CREATE TABLE t# (tenant_id uuid NOT NULL, id bigint NOT NULL, body text, PRIMARY KEY (tenant_id, id));
        ALTER TABLE t# ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY p# ON t# USING (tenant_id = (SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid));
        GRANT SELECT, INSERT, UPDATE, DELETE ON t# TO erp_app;",
        "CREATE INDEX ON t# (tenant_id, body); DROP POLICY p# ON t#; CREATE POLICY p# ON t# USING (true);",
    ),
    (
        "tables with faults, one below the other",
        "CREATE TABLE t# (tenant_id uuid, id bigserial PRIMARY KEY, up_id bigint REFERENCES t@ ON DELETE CASCADE);
        CREATE POLICY p# ON t# USING (tenant_id = current_setting('app.tenant_id')::uuid);
        GRANT ALL ON t# TO erp_app;",
        "ALTER TABLE t# OWNER TO erp_owner; ALTER TABLE t# ENABLE ROW LEVEL SECURITY;",
    ),
    (
        "columns",
        "CREATE TABLE t# (tenant_id uuid NOT NULL, id bigint NOT NULL, a text, b int);",
        "ALTER TABLE t# ADD COLUMN c bigserial, ADD CHECK (b > 0); ALTER TABLE t# RENAME COLUMN a TO d;
        ALTER TABLE t# ALTER COLUMN b TYPE bigint; ALTER TABLE t# DROP COLUMN d CASCADE;
        ALTER TABLE t# ALTER COLUMN id SET NOT NULL;",
    ),
    (
        "new names",
        "CREATE TABLE t# (tenant_id uuid NOT NULL, id bigserial PRIMARY KEY, up_id bigint REFERENCES t@);
        CREATE VIEW v# AS SELECT id FROM t#; CREATE TYPE k# AS (a int);",
        "ALTER TABLE t# RENAME TO u#; ALTER TABLE u# SET SCHEMA other; ALTER VIEW v# RENAME TO w#;
        ALTER TYPE k# RENAME TO l#; ALTER INDEX other.t#_pkey RENAME TO u#_pkey;",
    ),
    (
        "views and functions",
        "CREATE TABLE t# (tenant_id uuid NOT NULL, id bigint NOT NULL, PRIMARY KEY (tenant_id, id));
        CREATE VIEW v# AS SELECT t.id, u.id AS other FROM t# t JOIN t@ u USING (tenant_id);
        CREATE FUNCTION f#(a bigint) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT id FROM t# WHERE id = a $$;
        CREATE FUNCTION g#() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM f#(1); RETURN NEW; END $$;
        CREATE TRIGGER r# BEFORE INSERT ON t# FOR EACH ROW EXECUTE FUNCTION g#();
        GRANT SELECT ON v# TO erp_app;",
        "CREATE OR REPLACE VIEW v# AS SELECT t.id, u.id AS other FROM t# t JOIN t@ u USING (tenant_id);
        ALTER FUNCTION f#(bigint) OWNER TO erp_owner; DROP TRIGGER r# ON t#;",
    ),
    (
        "roles and types",
        "CREATE TABLE t# (tenant_id uuid NOT NULL, id bigint NOT NULL); CREATE TYPE k# AS ENUM ('a');
        CREATE ROLE r#; CREATE SCHEMA s#; GRANT USAGE ON SCHEMA s# TO r#;",
        "GRANT erp_owner TO r#; GRANT SELECT ON t# TO r#; ALTER ROLE r# SET search_path = s#; ALTER TYPE k# ADD VALUE 'b';
        REVOKE erp_owner FROM r#; GRANT erp_app TO r#;",
    ),
    (
        "drops",
        "CREATE TABLE t# (tenant_id uuid NOT NULL, id bigserial NOT NULL, PRIMARY KEY (tenant_id, id));
        CREATE INDEX i# ON t# (id); CREATE POLICY p# ON t# USING (true); CREATE VIEW v# AS SELECT id FROM t#;",
        "DROP INDEX i#; DROP POLICY p# ON t#; DROP VIEW v#; DROP TABLE t# CASCADE;",
    ),
    (
        "partitions",
        "CREATE TABLE t# (tenant_id uuid NOT NULL, id bigint NOT NULL) PARTITION BY RANGE (id);
        CREATE TABLE t#_1 PARTITION OF t# FOR VALUES FROM (1) TO (2);
        CREATE TABLE t#_2 (tenant_id uuid NOT NULL, id bigint NOT NULL);
        GRANT SELECT, INSERT, UPDATE, DELETE ON t# TO erp_app;",
        "ALTER TABLE t# ATTACH PARTITION t#_2 FOR VALUES FROM (2) TO (3); CREATE INDEX ON t# (tenant_id);
        ALTER TABLE t# ENABLE ROW LEVEL SECURITY; ALTER TABLE t#_1 ENABLE ROW LEVEL SECURITY;
        ALTER TABLE t# ADD COLUMN a int; ALTER TABLE t# DETACH PARTITION t#_1;",
    ),
    (
        "heirs",
        "CREATE TABLE t# (tenant_id uuid NOT NULL, id bigint NOT NULL CHECK (id > 0)); CREATE TABLE h# () INHERITS (t#);",
        "ALTER TABLE t# ADD COLUMN a int DEFAULT 1; ALTER TABLE t# RENAME COLUMN a TO b; ALTER TABLE h# NO INHERIT t#;",
    ),
    (
        "blocks",
        "CREATE TABLE t# (tenant_id uuid NOT NULL, id bigint NOT NULL);",
        "DO $$ BEGIN ALTER TABLE t# ENABLE ROW LEVEL SECURITY; END $$;
        DO $$ BEGIN CREATE POLICY p# ON t# USING (true); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        DO $$ BEGIN ALTER TABLE t# ADD COLUMN a int; PERFORM frob(1); END $$;",
    ),
    (
        "rows and comments",
        "CREATE TABLE t# (tenant_id uuid NOT NULL, id bigint NOT NULL);
        ALTER TABLE t# ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
        "-- tenantry: allow backfill-under-force \"known\"
        UPDATE t# SET id = 1; INSERT INTO t# SELECT * FROM t@; COMMENT ON TABLE t# IS 'a'; SELECT frob(1);",
    ),
    (
        "what is not understood",
        "CREATE TABLE t# (tenant_id uuid NOT NULL, id bigint FROBNICATE);",
        "FROBNICATE t#; ALTER TABLE t# FROBNICATE, ENABLE ROW LEVEL SECURITY; VACUUM t# FROBNICATE;",
    ),
];

/// How often names are held against one another and copied for so many tables.
fn work(style: (&str, &str, &str), tables: usize) -> u64 {
    let mut sources =
        vec![Source::new("0.sql", "CREATE SCHEMA other; CREATE ROLE erp_app LOGIN; CREATE ROLE erp_owner;")];
    for (pass, text) in [style.1, style.2].into_iter().enumerate() {
        let written = |number: usize| {
            text.replace('#', &number.to_string()).replace('@', &number.saturating_sub(1).to_string())
        };
        let numbers: Vec<usize> = (0..tables).collect();
        for (at, numbers) in numbers.chunks(8).enumerate() {
            let text: Vec<String> = numbers.iter().map(|number| written(*number)).collect();
            let source = Source::new(format!("{}_{at}.sql", pass + 1), text.join("\n"));
            sources.push(source.in_one_transaction(true));
        }
    }
    let before = counted::count();
    let report = lint(&manifest(""), &sources);
    assert!(report.statements >= 2 * tables, "{}", style.0);
    counted::count() - before
}

#[test]
fn the_work_grows_as_the_files_do() {
    let mut wrong = Vec::new();
    for style in STYLES {
        let [one, two, three] = [1, 2, 3].map(|times| work(style, 60 * times));
        // Each further part costs what the one before it did.
        let (second, third) = (two - one, three - two);
        if third * 10 > second * 11 {
            wrong.push(format!("{}: {one}, {two}, {three}", style.0));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
