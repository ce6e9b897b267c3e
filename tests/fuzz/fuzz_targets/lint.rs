//! Any text as a migration: it is cut, followed and judged without a panic, and every finding stands in it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tenantry::catalog::replay::Source;
use tenantry::policy::manifest::Manifest;
use tenantry::rule::{example, lint};

static MANIFEST: LazyLock<Manifest> =
    LazyLock::new(|| Manifest::parse(example::MANIFEST).expect("the manifest of the examples reads"));

fuzz_target!(|text: &str| {
    let source = Source::new("fuzz.sql", text).in_one_transaction(text.len().is_multiple_of(2));
    let lines = source.text().split('\n').count();
    for finding in lint(&MANIFEST, &[source]).findings {
        if let Some(place) = finding.place {
            assert!((1..=lines).contains(&place.line), "{place:?}");
        }
    }
});
