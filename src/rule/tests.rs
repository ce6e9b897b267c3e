//! Every rule, by its own examples.

use std::collections::BTreeSet;

#[cfg(feature = "cli")]
use super::lint_some;
use super::record::{Check, Rule};
use super::trial::{manifest, sources};
use super::{Finding, Report, all, example, lint};
use crate::catalog::Object;
use crate::catalog::replay::{Located, Options, Source, replay};
use crate::policy::manifest::Manifest;

fn found(rule: &Rule, sources: &[Source]) -> Vec<Finding> {
    let text: String = sources.iter().map(Source::text).collect();
    let report = lint(&Manifest::parse(&example::manifest(&text)).unwrap(), sources);
    report.findings.into_iter().filter(|finding| finding.rule.code == rule.code).collect()
}

/// The rules that files can show something of.
fn offline() -> impl Iterator<Item = &'static Rule> {
    all().filter(|rule| !matches!(rule.check, Check::Server(_) | Check::Engine))
}

#[test]
fn a_rule_finds_what_is_wrong_in_its_bad_example_and_nothing_in_its_good_one() {
    let mut wrong = Vec::new();
    for rule in offline() {
        let bad = found(rule, &sources(rule.bad));
        if bad.is_empty() {
            wrong.push(format!("{} finds nothing in its bad example", rule.code));
        }
        for finding in &bad {
            // What contradicts the database as a whole stands in no file of SQL.
            if finding.place.is_none() && finding.object != Object::Database {
                wrong.push(format!("{} does not say where: {}", rule.code, finding.message));
            }
        }
        for finding in found(rule, &sources(rule.good)) {
            wrong.push(format!("{} finds something in its good example: {}", rule.code, finding.message));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn what_a_rule_says_mends_it() {
    let mut wrong = Vec::new();
    for rule in offline() {
        let mut mended = sources(rule.bad);
        let fixes: Vec<String> = found(rule, &mended).into_iter().filter_map(|finding| finding.sql).collect();
        // What a statement did on its way cannot be undone by a later one.
        if fixes.is_empty() || matches!(rule.check, Check::Sequence(_)) {
            continue;
        }
        mended.push(Source::new("fix.sql", fixes.join("\n")).in_one_transaction(true));
        for finding in found(rule, &mended) {
            wrong.push(format!("{} after {}: {}", rule.code, fixes.join(" "), finding.message));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The statements of files, each in one of its own.
fn apart(sources: &[Source]) -> Vec<Source> {
    let replayed = replay(sources, &Options::default());
    let statements = replayed.statements.iter().filter(|statement| statement.runs_within().is_none());
    let file = |(number, text): (usize, &str)| Source::new(format!("{number}.sql"), format!("{text};"));
    statements.map(Located::text).enumerate().map(file).collect()
}

#[cfg(feature = "cli")]
#[test]
fn what_is_found_in_one_file_is_the_same_where_the_others_are_of_no_account() {
    for rule in offline() {
        for example in [rule.bad, rule.good] {
            let sources = apart(&sources(example));
            let all = lint(&manifest(""), &sources);
            for source in &sources {
                let of_it = |report: &Report| {
                    let wanted = |finding: &&Finding| {
                        finding.place.as_ref().is_none_or(|place| place.file == source.name())
                    };
                    report.findings.iter().filter(wanted).map(|of| format!("{of:?}")).collect::<Vec<_>>()
                };
                let some = lint_some(&manifest(""), &sources, &|file| file == source.name());
                assert_eq!(of_it(&some), of_it(&all), "{}: {}", rule.code, source.text());
            }
        }
    }
}

/// What an example shows must not depend on what the loader does not follow.
#[test]
fn the_examples_are_followed_wholly() {
    let mut wrong = Vec::new();
    for rule in all().filter(|rule| rule.code != "opaque-statement") {
        for example in [rule.bad, rule.good] {
            let opaque = replay(&sources(example), &Options::default()).opaque;
            wrong.extend(opaque.into_iter().map(|opaque| format!("{}: {opaque}", rule.code)));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_rule_says_what_it_has_to_say() {
    let mut codes = BTreeSet::new();
    let mut wrong = Vec::new();
    for rule in all() {
        let Rule { code, finds, why, fix, manual, .. } = rule;
        assert!(codes.insert(*code), "{code} is there twice");
        let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let sentence =
            |text: &str| text.starts_with(|c: char| c.is_uppercase() || c == '`') && text.ends_with('.');
        let checks = [
            (code.chars().all(lower), "its code is in lower case with hyphens"),
            (
                !finds.starts_with(|c: char| c.is_ascii_uppercase()) || finds.starts_with("a "),
                "finds is lower case",
            ),
            (!finds.ends_with('.') && !finds.contains('\n'), "finds is one line without a period"),
            (sentence(why), "why is whole sentences"),
            (sentence(fix), "fix is whole sentences"),
            (manual.starts_with("https://www.postgresql.org/"), "manual is a page of PostgreSQL's"),
        ];
        wrong.extend(checks.iter().filter(|(holds, _)| !holds).map(|(_, what)| format!("{code}: {what}")));
        for finding in found(rule, &sources(rule.bad)) {
            let message = &finding.message;
            if message.ends_with('.') || message.contains('\n') || message.starts_with(char::is_uppercase) {
                wrong.push(format!("{code}: a message is one lower-case line without a period: {message}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Ways to protect the tables `crate` and `shelf` in code, and to make their policies.
const BY_CODE: [&str; 9] = [
    "DO $$ BEGIN
         ALTER TABLE crate ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY p ON crate USING (@);
         ALTER TABLE shelf ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY p ON shelf USING (@);
     END $$;",
    "DO $$ DECLARE t text; BEGIN FOREACH t IN ARRAY ARRAY['crate', 'shelf'] LOOP
         EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
         EXECUTE 'ALTER TABLE ' || t || ' FORCE ROW LEVEL SECURITY';
         EXECUTE format($p$CREATE POLICY %I ON %I USING (@)$p$, 'p', t); END LOOP; END $$;",
    "DO $$ DECLARE r record; BEGIN
         FOR r IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND NOT rowsecurity LOOP
         EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', r.tablename);
         IF NOT EXISTS (SELECT FROM pg_policies WHERE tablename = r.tablename AND policyname = 'p') THEN
             EXECUTE format($p$CREATE POLICY p ON %I USING (@)$p$, r.tablename); END IF; END LOOP; END $$;",
    "CREATE FUNCTION protect(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
         EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
         EXECUTE format($p$CREATE POLICY p ON %I USING (@)$p$, t);
     EXCEPTION WHEN duplicate_object THEN NULL; END $$;
     SELECT protect('crate'); SELECT protect(t) FROM unnest(ARRAY['crate', 'shelf']) AS t;",
    "CREATE PROCEDURE pg_temp.protect(VARIADIC names text[]) LANGUAGE plpgsql AS $$ DECLARE t text; BEGIN
         FOREACH t IN ARRAY names LOOP
         EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
         EXECUTE format($p$CREATE POLICY p ON %I USING (@)$p$, t); END LOOP; END $$;
     CALL pg_temp.protect('crate', 'shelf');",
    "DO $$ BEGIN FOR i IN 1..2 LOOP
         EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', (ARRAY['crate', 'shelf'])[i]);
         EXECUTE format($p$CREATE POLICY p ON %I USING (@)$p$, CASE i WHEN 1 THEN 'crate' ELSE 'shelf' END); END LOOP; END $$;",
    "ALTER TABLE crate ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
     ALTER TABLE shelf ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
     DO $$ BEGIN CREATE POLICY p ON crate USING (@); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
     DO $$ BEGIN CREATE POLICY p ON crate USING (@); EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLERRM; END $$;
     DO $$ BEGIN PERFORM FROM pg_policies WHERE tablename = 'shelf'; IF NOT FOUND THEN CREATE POLICY p ON shelf USING (@); END IF; END $$;",
    "DO 'DECLARE t text; BEGIN FOREACH t IN ARRAY ''{crate,shelf}''::text[] LOOP
         EXECUTE ''ALTER TABLE '' || quote_ident(t) || '' ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY'';
         EXECUTE ''CREATE POLICY p ON '' || t || $p$ USING (@)$p$; END LOOP; END';",
    "DO $$ DECLARE t regclass; BEGIN FOR t IN
         SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') LOOP
         EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
         EXECUTE format($p$CREATE POLICY p ON %s USING (@)$p$, t); END LOOP; END $$;",
];

#[test]
fn what_code_protects_is_judged_as_what_statements_protect() {
    let tables = "CREATE TABLE crate (tenant_id uuid NOT NULL, id bigint, PRIMARY KEY (tenant_id, id));
        CREATE TABLE shelf (tenant_id uuid NOT NULL, id bigint, PRIMARY KEY (tenant_id, id));\n";
    let found = |sql: &str| {
        let report = lint(&manifest(""), &sources(&format!("{tables}{sql}")));
        let of = |finding: &Finding| {
            format!("{} {} {}", finding.severity.name(), finding.rule.code, finding.object)
        };
        // What the manifest names besides these tables is not there.
        let found = report.findings.iter().filter(|finding| finding.rule.code != "manifest-contradicted");
        found.map(of).collect::<Vec<_>>()
    };
    let bound = "tenant_id = (SELECT nullif(current_setting(''app.tenant_id'', true), '''')::uuid)";
    for code in BY_CODE {
        let quoted = code.starts_with("DO '");
        let with = |condition: &str| {
            code.replace('@', &if quoted { condition.to_owned() } else { condition.replace("''", "'") })
        };
        assert_eq!(found(&with(bound)), [""; 0], "{code}");
        let open = found(&with("true"));
        let critical = open.iter().filter(|said| said.starts_with("critical using-true")).count();
        assert_eq!((critical, open.len()), (2, 2), "{code}: {open:?}");
    }
}
