//! Any text as the condition of a policy: it is judged without a panic.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tenantry::catalog::replay::Source;
use tenantry::policy::manifest::Manifest;
use tenantry::rule::{example, lint};

static MANIFEST: LazyLock<Manifest> =
    LazyLock::new(|| Manifest::parse(example::MANIFEST).expect("the manifest of the examples reads"));

const TABLES: &str = "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, name text);
CREATE TABLE member (tenant_id uuid NOT NULL, user_id uuid NOT NULL);
CREATE FUNCTION tenant() RETURNS uuid LANGUAGE sql STABLE AS $$SELECT nullif(current_setting('app.tenant_id', true), '')::uuid$$;
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
";

fuzz_target!(|condition: &str| {
    let policy = format!("{TABLES}CREATE POLICY p ON invoice USING ({condition});");
    let floor = format!("{policy}CREATE POLICY q ON invoice AS RESTRICTIVE WITH CHECK ({condition});");
    lint(&MANIFEST, &[Source::new("policy.sql", floor)]);
});
