//! Statements on a few tables in any order, partitions and heirs above all: however they hang together, what is left is a schema that
//! the rules judge without a panic.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tenantry::catalog::replay::Source;
use tenantry::policy::manifest::Manifest;
use tenantry::rule::{example, lint};

static MANIFEST: LazyLock<Manifest> =
    LazyLock::new(|| Manifest::parse(example::MANIFEST).expect("the manifest of the examples reads"));

/// What is done to `A`, with another table `B` and a number `N` in it.
const STATEMENTS: [&str; 40] = [
    "CREATE TABLE A (id int, tenant_id uuid NOT NULL)",
    "CREATE TABLE A (id int, tenant_id uuid NOT NULL) PARTITION BY LIST (id)",
    "CREATE TABLE A (id int PRIMARY KEY, tenant_id uuid NOT NULL, b int REFERENCES B) PARTITION BY RANGE (id)",
    "CREATE TABLE A PARTITION OF B FOR VALUES IN (N)",
    "CREATE TABLE A PARTITION OF B FOR VALUES IN (N) PARTITION BY LIST (id)",
    "CREATE TABLE A PARTITION OF B DEFAULT",
    "CREATE TABLE A (n int) INHERITS (B)",
    "CREATE TABLE A (LIKE B INCLUDING ALL)",
    "ALTER TABLE A ATTACH PARTITION B FOR VALUES IN (N)",
    "ALTER TABLE A DETACH PARTITION B",
    "ALTER TABLE A INHERIT B",
    "ALTER TABLE A NO INHERIT B",
    "ALTER TABLE A RENAME TO B",
    "ALTER TABLE A SET SCHEMA other",
    "ALTER TABLE other.A SET SCHEMA public",
    "ALTER TABLE A RENAME tenant_id TO owner_id",
    "ALTER TABLE A ADD COLUMN cN int DEFAULT N",
    "ALTER TABLE A DROP COLUMN cN",
    "ALTER TABLE A DROP COLUMN tenant_id CASCADE",
    "ALTER TABLE ONLY A ADD CONSTRAINT k UNIQUE (tenant_id, id)",
    "ALTER TABLE A ADD FOREIGN KEY (id) REFERENCES B (id)",
    "ALTER TABLE A ADD CHECK (id > N)",
    "CREATE UNIQUE INDEX iN ON A (id)",
    "CREATE INDEX ON ONLY A (tenant_id)",
    "ALTER TABLE A ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "ALTER TABLE A DISABLE ROW LEVEL SECURITY",
    "CREATE POLICY pN ON A USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)",
    "CREATE POLICY pN ON A USING (EXISTS (SELECT FROM B WHERE B.id = A.id))",
    "DROP POLICY pN ON A",
    "CREATE VIEW vN AS SELECT * FROM A JOIN B USING (id)",
    "DROP VIEW vN",
    "DROP TABLE A",
    "DROP TABLE A CASCADE",
    "CREATE SCHEMA other",
    "DROP SCHEMA other CASCADE",
    "BEGIN",
    "ROLLBACK",
    "SAVEPOINT a",
    "ROLLBACK TO a",
    "DO $$ DECLARE r record; BEGIN FOR r IN SELECT relid FROM pg_partition_tree('A') LOOP EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', r.relid); END LOOP; END $$",
];

const TABLES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fuzz_target!(|choices: &[u8]| {
    let mut text = String::new();
    for choice in choices.chunks_exact(3) {
        let table = |of: u8| TABLES[usize::from(of) % TABLES.len()];
        let statement = STATEMENTS[usize::from(choice[0]) % STATEMENTS.len()];
        let number = (choice[2] / 8 % 4).to_string();
        for word in statement.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let name = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            match (name, name.strip_suffix('N')) {
                ("A", _) => text.push_str(table(choice[1])),
                ("B", _) => text.push_str(table(choice[2])),
                // No word of SQL is in lower case in here.
                (_, Some(start)) if start.chars().all(|c| c.is_ascii_lowercase()) => {
                    text.push_str(start);
                    text.push_str(&number);
                }
                _ => text.push_str(name),
            }
            text.push_str(&word[name.len()..]);
        }
        text.push_str(";\n");
    }
    let lines = text.split('\n').count();
    for finding in lint(&MANIFEST, &[Source::new("tables.sql", text)]).findings {
        if let Some(place) = finding.place {
            assert!((1..=lines).contains(&place.line), "{place:?}");
        }
    }
});
