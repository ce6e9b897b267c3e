//! A schema in which every table is well kept but for one thing.

use std::collections::BTreeMap;

use tenantry::catalog::live;
use tenantry::catalog::replay::Source;
use tenantry::policy::manifest::Manifest;
use tenantry::rule::{Report, Severity, audit, example, lint};

use super::examples::Stand;
use crate::support::version;

/// What stays in a database, and what a migration does on its way.
const DATABASE: &str = include_str!("seeds/database.sql");
const FILES: &str = include_str!("seeds/files.sql");

/// What others take for a hole.
const HARMLESS: &str = include_str!("seeds/harmless.sql");

/// A table with everything that it takes, called `{t}`.
const KEPT: &str = "CREATE TABLE {t} (
    tenant_id uuid NOT NULL DEFAULT {tenant},
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, id)
);
ALTER TABLE {t} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY {t}_tenant ON {t} TO erp_app
    USING (tenant_id = (SELECT {tenant})) WITH CHECK (tenant_id = (SELECT {tenant}));
CREATE POLICY {t}_floor ON {t} AS RESTRICTIVE
    USING (tenant_id = (SELECT {tenant})) WITH CHECK (tenant_id = (SELECT {tenant}));
GRANT SELECT, INSERT, UPDATE, DELETE ON {t} TO erp_app;
";

/// The tenant that is bound.
const TENANT: &str = "nullif(current_setting('app.tenant_id', true), '')::uuid";

/// The defects that stay in a database: the rule of each, and what is run for it.
pub(crate) fn in_databases() -> impl Iterator<Item = (&'static str, String)> {
    seeds(DATABASE)
}

/// The seeds of a file: the rule of each, and what is run for it.
fn seeds(file: &'static str) -> impl Iterator<Item = (&'static str, String)> {
    file.split("-- seed: ").skip(1).map(|seed| {
        let (code, text) = seed.split_once('\n').unwrap();
        let table = if code.contains(' ') { "kept".to_owned() } else { code.replace('-', "_") };
        (code, sql(&table, text))
    })
}

/// SQL with the name of its table.
fn sql(table: &str, text: &str) -> String {
    text.replace("-- kept\n", KEPT).replace("{t}", table).replace("{tenant}", TENANT)
}

pub(crate) fn manifest() -> Manifest {
    Manifest::parse(example::MANIFEST.split("[tables]").next().unwrap()).unwrap()
}

/// Rule, severity and message of each finding on the table of each seed, or on what is called after it.
type BySeed = BTreeMap<String, Vec<(&'static str, Severity, String)>>;

fn by_seed(report: &Report, codes: &[String]) -> BySeed {
    let mut found: BySeed = codes.iter().map(|code| (code.clone(), Vec::new())).collect();
    for finding in &report.findings {
        let object = finding.object.to_string();
        let is_of = |code: &&String| {
            let table = code.replace('-', "_");
            object.starts_with(&format!("public.{table}")) || object.starts_with(&format!("{table}."))
        };
        // A name can begin with another one's.
        let Some(code) = codes.iter().filter(is_of).max_by_key(|code| code.len()) else { continue };
        found.entry(code.clone()).or_default().push((
            finding.rule.code,
            finding.severity,
            finding.message.clone(),
        ));
    }
    found
}

/// What of the seeds was not found, and what was found of medium severity and above that is none of them.
fn wrong(found: &BySeed, also: &[(&str, &str)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (seed, findings) in found {
        if seed != "kept" && !findings.iter().any(|(code, ..)| code == seed) {
            wrong.push(format!("{seed} is not found; only {findings:?}"));
        }
        for (code, severity, message) in findings.iter().filter(|(code, ..)| code != seed) {
            if *severity >= Severity::Medium && !also.contains(&(seed.as_str(), code)) {
                wrong.push(format!("{code} is found on the table of {seed}: {message}"));
            }
        }
    }
    wrong
}

/// What comes along with a seed, since the one is not without the other.
const ALSO: &[(&str, &str)] = &[
    ("copied-table-without-rls", "rls-disabled"),
    ("detached-partition-unprotected", "rls-disabled"),
    ("indirect-tenant-table", "rls-disabled"),
    ("indirect-tenant-table", "tenant-index-missing"),
    ("matview-over-rls", "matview-owner-bound"),
    ("matview-over-rls", "unclassified-table"),
    ("matview-owner-bound", "unclassified-table"),
    ("partition-child-direct", "rls-disabled"),
    ("pattern-match-tenant", "tenant-column-cast"),
    ("pattern-match-tenant", "tenant-predicate-not-conjunctive"),
    ("policy-cross-table", "rls-disabled"),
    ("rewrite-rule", "force-missing"),
    ("secdef-function", "force-missing"),
    ("secdef-trigger", "force-missing"),
    ("table-swap-loses-rls", "rls-disabled"),
    ("view-definer", "force-missing"),
];

#[test]
fn in_files_every_seed_is_found_and_nothing_else() {
    let mut sources = vec![Source::new("roles.sql", example::ROLES)];
    let mut codes = vec!["kept".to_owned()];
    for (code, text) in seeds(DATABASE).chain(seeds(FILES)) {
        for source in example::files(&text) {
            let name = format!("{code}/{}", source.name());
            sources.push(Source::new(name, source.text()).in_one_transaction(source.is_one_transaction()));
        }
        codes.push(code.to_owned());
    }
    sources.push(Source::new("kept.sql", sql("kept", KEPT)).in_one_transaction(true));
    let found = by_seed(&lint(&manifest(), &sources), &codes);
    let wrong = wrong(&found, ALSO);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(found["kept"], [], "on a table that is well kept");
}

#[tokio::test]
async fn in_a_database_every_seed_is_found_and_nothing_else() {
    let stand = Stand::new().await;
    let script: String = seeds(DATABASE).map(|(_, text)| text).collect();
    let mut client =
        stand.database(&(script + &sql("kept", KEPT))).await.unwrap_or_else(|why| panic!("{why}"));
    let codes: Vec<String> =
        seeds(DATABASE).map(|(code, _)| code.to_owned()).chain(["kept".to_owned()]).collect();
    let found = by_seed(&audit(&manifest(), &live::load(&mut client).await.unwrap()), &codes);
    let mut also = ALSO.to_vec();
    if version::of(&client).await < version::FIFTEEN {
        // A view over tenants' tables has to be classed there.
        also.push(("view-definer", "unclassified-table"));
    }
    let wrong = wrong(&found, &also);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(found["kept"], [], "on a table that is well kept");
}

#[test]
fn no_alarm_is_raised_where_there_is_no_fire() {
    let mut wrong = Vec::new();
    for (what, text) in seeds(HARMLESS) {
        let files = [("roles.sql", example::ROLES.to_owned()), ("1.sql", text)];
        let sources = files.map(|(name, text)| Source::new(name, text).in_one_transaction(true));
        for finding in lint(&manifest(), &sources).from(Severity::Medium) {
            wrong.push(format!("{what}: {}: {}", finding.rule.code, finding.message));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
