//! A schema in which every table is well kept but for one thing.

use std::collections::BTreeMap;

use tenantry::catalog::live;
use tenantry::catalog::replay::Source;
use tenantry::policy::manifest::Manifest;
use tenantry::rule::{Reach, Report, Severity, audit, example, lint, rule};

use super::examples::Stand;
use super::seeds::{DATABASE, FILES};

/// A table with everything that it takes, called `{t}`.
const KEPT: &str = "CREATE TABLE {t} (
    tenant_id uuid NOT NULL DEFAULT nullif(current_setting('app.tenant_id', true), '')::uuid,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, id)
);
ALTER TABLE {t} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY {t}_tenant ON {t} TO erp_app
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY {t}_floor ON {t} AS RESTRICTIVE
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE, DELETE ON {t} TO erp_app;
";

/// What is run for a seed: the tables `{t}`, well kept where it says so, and the defect.
fn sql(code: &str, seed: &str) -> String {
    let table = code.replace('-', "_");
    seed.replace("{kept}", KEPT).replace("{t}", &table)
}

fn manifest() -> Manifest {
    Manifest::parse(&example::MANIFEST.split("[tables]").next().unwrap().to_owned()).unwrap()
}

/// The findings on the table of each seed: rule, severity and message.
fn by_seed<'s>(
    report: &Report,
    codes: impl Iterator<Item = &'s str>,
) -> BTreeMap<&'s str, Vec<(String, Severity, String)>> {
    let of = |code: &'s str| {
        let table = format!("public.{}", code.replace('-', "_"));
        let is_it = |object: &str| {
            object.strip_prefix(&table).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
        };
        let findings = report.findings.iter().filter(|of| is_it(&of.object.to_string()));
        (code, findings.map(|of| (of.rule.code.to_owned(), of.severity, of.message.clone())).collect())
    };
    codes.map(of).collect()
}

/// What of the seeds was not found, and what was found of medium severity and above that is none of them.
fn wrong(
    found: &BTreeMap<&str, Vec<(String, Severity, String)>>,
    also: &[(&str, &str)],
    reaches: &[Reach],
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (code, findings) in found {
        let reach = rule(code).unwrap_or_else(|| panic!("{code} is no rule")).reach();
        if reaches.contains(&reach) && !findings.iter().any(|(of, ..)| of == code) {
            wrong.push(format!("{code} is not found; only {findings:?}"));
        }
        for (other, severity, message) in findings.iter().filter(|(other, ..)| other != code) {
            if *severity >= Severity::Medium && !also.contains(&(*code, other.as_str())) {
                wrong.push(format!("{other} is found on the table of {code}: {message}"));
            }
        }
    }
    wrong
}

/// Policies that others take for holes, and that are none.
const HARMLESS: &[(&str, &str)] = &[
    ("without WITH CHECK the condition of USING is asked of what is written", "ALTER POLICY kept_tenant ON kept RENAME TO p; DROP POLICY p ON kept;
CREATE POLICY p ON kept TO erp_app USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));"),
    ("for everybody, and bound to the tenant", "DROP POLICY kept_tenant ON kept;
CREATE POLICY p ON kept USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));"),
    ("evaluated once, whatever stands around it", "DROP POLICY kept_tenant ON kept;
CREATE POLICY p ON kept TO erp_app USING ((((tenant_id) = ((SELECT (NULLIF((current_setting('app.tenant_id'::text, TRUE)), ''::text))::uuid)))));"),
    ("without a condition nothing is allowed", "CREATE POLICY p ON kept TO erp_app;"),
    ("the other way round", "DROP POLICY kept_tenant ON kept;
CREATE POLICY p ON kept TO erp_app USING ((SELECT nullif(current_setting('app.tenant_id', true), '')::uuid) = tenant_id AND name <> '');"),
    ("a policy for each command", "DROP POLICY kept_tenant ON kept;
CREATE POLICY s ON kept FOR SELECT TO erp_app USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY i ON kept FOR INSERT TO erp_app WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY u ON kept FOR UPDATE TO erp_app USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY d ON kept FOR DELETE TO erp_app USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));"),
    ("a helper of one's own", "DROP POLICY kept_tenant ON kept;
CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;
CREATE POLICY p ON kept TO erp_app USING (tenant_id = (SELECT current_tenant()));"),
];

#[test]
fn no_alarm_is_raised_where_there_is_no_fire() {
    let mut wrong = Vec::new();
    for (what, change) in HARMLESS {
        let files = [("roles.sql", example::ROLES.to_owned()), ("1.sql", sql("kept", KEPT) + change)];
        let sources = files.map(|(name, text)| Source::new(name, text).in_one_transaction(true));
        for finding in lint(&manifest(), &sources).from(Severity::Medium) {
            wrong.push(format!("{what}: {}: {}", finding.rule.code, finding.message));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What comes along with a seed, since the one is not without the other.
const ALSO: &[(&str, &str)] = &[];

#[test]
fn in_files_every_seed_is_found_and_nothing_else() {
    let mut sources = vec![Source::new("0_roles.sql", example::ROLES)];
    let mut codes = Vec::new();
    for (code, seed) in DATABASE.iter().chain(FILES) {
        codes.push(*code);
        for (number, source) in example::files(&sql(code, seed)).into_iter().enumerate() {
            let one_transaction = source.is_one_transaction();
            let name = format!("{code}_{number}.sql");
            sources.push(Source::new(name, source.text()).in_one_transaction(one_transaction));
        }
    }
    sources.push(Source::new("kept.sql", sql("kept", KEPT)));
    let report = lint(&manifest(), &sources);
    let mut found = by_seed(&report, codes.into_iter());
    let mut wrong = wrong(&found, ALSO, &[Reach::Both, Reach::Files]);
    let kept = by_seed(&report, ["kept"].into_iter()).remove("kept").unwrap_or_default();
    wrong.extend(
        kept.iter().map(|(of, _, message)| format!("{of} is found on a table that is well kept: {message}")),
    );
    found.clear();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn in_a_database_every_seed_is_found_and_nothing_else() {
    let stand = Stand::new().await;
    let mut script: String = DATABASE.iter().map(|(code, seed)| sql(code, seed)).collect();
    script.push_str(&sql("kept", KEPT));
    let mut client = stand.database(&script).await.unwrap_or_else(|why| panic!("{why}"));
    let report = audit(&manifest(), &live::load(&mut client).await.unwrap());
    let found = by_seed(&report, DATABASE.iter().map(|(code, _)| *code));
    let mut wrong = wrong(&found, ALSO, &[Reach::Both]);
    let kept = by_seed(&report, ["kept"].into_iter()).remove("kept").unwrap_or_default();
    wrong.extend(
        kept.iter().map(|(of, _, message)| format!("{of} is found on a table that is well kept: {message}")),
    );
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
