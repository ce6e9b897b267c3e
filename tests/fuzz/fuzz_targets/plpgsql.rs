//! Any text as the body of a DO block, of a procedure that is called and of a trigger function: it is run without a panic, and within
//! its bounds, and every finding stands in the file.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tenantry::catalog::replay::Source;
use tenantry::policy::manifest::Manifest;
use tenantry::rule::{example, lint};

static MANIFEST: LazyLock<Manifest> =
    LazyLock::new(|| Manifest::parse(example::MANIFEST).expect("the manifest of the examples reads"));

const TABLES: &str =
    "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL) PARTITION BY LIST (id);
CREATE TABLE invoice_1 PARTITION OF invoice FOR VALUES IN (1);
CREATE POLICY p ON invoice USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
";

fuzz_target!(|body: &str| {
    if body.contains("$body$") {
        return;
    }
    // What most of PL/pgSQL needs around it, so that the text is what it is about.
    let block = if body.len().is_multiple_of(2) {
        format!("DECLARE a text := 'invoice'; r record; n int := 0; BEGIN {body} END")
    } else {
        body.to_owned()
    };
    let text = format!(
        "{TABLES}DO $body${block}$body$;
CREATE PROCEDURE p(a text, b int DEFAULT 1) LANGUAGE plpgsql AS $body${block}$body$;
CALL p('invoice');
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $body${block}$body$;
CREATE TRIGGER t BEFORE INSERT ON invoice FOR EACH ROW EXECUTE FUNCTION f();
"
    );
    let lines = text.split('\n').count();
    for finding in lint(&MANIFEST, &[Source::new("body.sql", text)]).findings {
        if let Some(place) = finding.place {
            assert!((1..=lines).contains(&place.line), "{place:?}");
        }
    }
});
