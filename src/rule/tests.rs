//! Every rule, by its own examples.

use std::collections::BTreeSet;

use super::record::{Check, Rule};
use super::trial::{manifest, sources};
use super::{Finding, all, lint};
use crate::catalog::Object;
use crate::catalog::replay::{Options, Source, replay};

fn found(rule: &Rule, sources: &[Source]) -> Vec<Finding> {
    let report = lint(&manifest(""), sources);
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
