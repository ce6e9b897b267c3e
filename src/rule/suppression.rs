//! Findings that somebody has looked at and lets stand, in comments of the file itself.
//!
//! `-- tenantry: allow grant-all "the role is only a group"` before a statement or within it, or behind it on its last line, is for what is
//! found in that statement. `allow-file` is for the whole file.

use std::collections::BTreeMap;
use std::ops::Range;

use super::finding::{Finding, Findings};
use super::rules::suppression::unused_suppression::RULE;
use super::{all, rule};
use crate::catalog::Object;
use crate::catalog::replay::{Kind, Located, Source, directives, token};
use crate::policy::manifest::nearest;

/// A comment that lets findings stand.
struct Allowed<'s> {
    source: &'s Source,
    /// Where the comment stands, in bytes.
    start: usize,
    end: usize,
    whole_file: bool,
    codes: Vec<&'s str>,
    /// What is wrong with it.
    flaw: Option<String>,
}

/// Takes out what the files let stand, and adds what is wrong with their saying so. What is let stand and is not there is
/// returned, since it can be there where more is known, or less.
pub(super) fn apply(sources: &[Source], statements: &[Located], findings: &mut Vec<Finding>) -> Vec<Finding> {
    let (mut wrong, mut unused) = (Findings::of(&RULE), Findings::of(&RULE));
    let files = Files::of(statements);
    let mut by_statement: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        if let Some(statement) = finding.statement {
            by_statement.entry(statement).or_default().push(at);
        }
    }
    let mut stands = vec![true; findings.len()];
    for allowed in sources.iter().flat_map(allowed) {
        let (start, place) = (allowed.start, allowed.place());
        if let Some(flaw) = &allowed.flaw {
            wrong.add(Object::Database, flaw.clone()).place = Some(place);
            continue;
        }
        let within = files.meant(&allowed, statements);
        for code in &allowed.codes {
            let mut finds = false;
            let found = within.iter().flat_map(|range| by_statement.range(range.clone()));
            for at in found.flat_map(|(_, found)| found) {
                let is_it = findings.get(*at).is_some_and(|finding| finding.rule.code == *code);
                if let Some(stands) = stands.get_mut(*at).filter(|stands| is_it && **stands) {
                    *stands = false;
                    finds = true;
                }
            }
            if !finds {
                let message = format!("{code} is allowed here, and finds nothing");
                let finding = unused.add(Object::Database, message);
                finding.place = Some(super::Place { length: allowed.end - start, ..allowed.place() });
            }
        }
    }
    let mut stands = stands.into_iter();
    findings.retain(|_| stands.next().unwrap_or(true));
    for source in sources {
        for (line, flaw) in directives(source.text()).flaws {
            let length = source.text().lines().nth(line - 1).map_or(1, |text| text.chars().count());
            let file = source.name().to_owned();
            wrong.add(Object::Database, flaw).place = Some(super::Place { file, line, column: 1, length });
        }
    }
    findings.extend(wrong.into_found());
    unused.into_found()
}

/// The statements of each run of a file, each with all that it runs, by their places among all.
struct Files<'s>(BTreeMap<&'s str, Vec<Vec<Range<usize>>>>);

impl<'s> Files<'s> {
    fn of(statements: &'s [Located]) -> Self {
        let mut files: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut from = 0;
        for file in statements.chunk_by(|one, next| one.file() == next.file()) {
            let Some(first) = file.first() else { continue };
            let mut wholes: Vec<Range<usize>> = Vec::new();
            for (at, statement) in (from..).zip(file) {
                match wholes.last_mut().filter(|_| statement.runs_within().is_some()) {
                    Some(whole) => whole.end = at + 1,
                    None => wholes.push(at..at + 1),
                }
            }
            files.entry(first.file()).or_default().push(wholes);
            from += file.len();
        }
        Self(files)
    }

    /// The statements that a comment is for. What is said of one is said of all that it runs.
    fn meant(&self, allowed: &Allowed<'_>, statements: &[Located]) -> Vec<Range<usize>> {
        let of_file = self.0.get(allowed.source.name()).map(Vec::as_slice).unwrap_or_default();
        if allowed.whole_file {
            // A file that is named twice is run twice, and what is said of it as a whole is said of either.
            let all = |wholes: &Vec<Range<usize>>| Some(wholes.first()?.start..wholes.last()?.end);
            return of_file.iter().filter_map(all).collect();
        }
        let Some(first) = of_file.first() else { return Vec::new() };
        let is_earlier = |whole: &Range<usize>| {
            statements.get(whole.start).is_some_and(|statement| !allowed.is_of(statement))
        };
        first.get(first.partition_point(is_earlier)).cloned().into_iter().collect()
    }
}

impl Allowed<'_> {
    /// Whether it is for this statement: the one that it stands in or before, or behind on the same line.
    fn is_of(&self, statement: &Located) -> bool {
        let range = statement.range();
        if range.end <= self.start {
            let between = self.source.text().get(range.end..self.start).unwrap_or("\n");
            return !between.contains('\n');
        }
        true
    }

    fn place(&self) -> super::Place {
        let before = self.source.text().get(..self.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        super::Place {
            file: self.source.name().to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).map_or(0, |text| text.chars().count()) + 1,
            length: self.source.text().get(self.start..self.end).map_or(1, |text| text.chars().count()),
        }
    }
}

/// The comments of a file that let findings stand.
fn allowed(source: &Source) -> Vec<Allowed<'_>> {
    let text = source.text();
    // Most files have none, and need not be read once more.
    if !text.contains("tenantry:") {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = token(text, at) {
        at = token.end;
        if token.kind != Kind::Comment {
            continue;
        }
        let said =
            token.of(text).trim_start_matches("--").trim_start_matches("/*").trim_end_matches("*/").trim();
        let Some(said) = said.strip_prefix("tenantry:").map(str::trim) else { continue };
        let (word, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
        let whole_file = match word {
            "allow-file" => true,
            "allow" => false,
            // What is for the runner is no suppression.
            _ => continue,
        };
        let (codes, flaw) = read(rest);
        found.push(Allowed { source, start: token.start, end: token.end, whole_file, codes, flaw });
    }
    found
}

/// The codes that are allowed, and what is wrong with how that is said.
fn read(said: &str) -> (Vec<&str>, Option<String>) {
    let (codes, reason) = match said.split_once('"') {
        Some((codes, reason)) => (codes, reason.trim_end().trim_end_matches('"').trim()),
        None => (said, ""),
    };
    let codes: Vec<&str> = codes.split([',', ' ', '\t']).filter(|code| !code.is_empty()).collect();
    let known: Vec<&str> = all().map(|rule| rule.code).collect();
    let unknown = codes.iter().find(|code| rule(code).is_none());
    let flaw = match unknown {
        _ if codes.is_empty() => Some("allow names no rule; write allow RULE \"reason\"".to_owned()),
        Some(code) => Some(match nearest(code, &known) {
            Some(meant) => format!("allow names {code}, which is no rule; did you mean {meant}?"),
            None => format!("allow names {code}, which is no rule; tenantry explain lists them"),
        }),
        None if reason.is_empty() => Some("allow gives no reason; write allow RULE \"reason\"".to_owned()),
        None => None,
    };
    (codes, flaw)
}

#[cfg(test)]
mod tests {
    use crate::catalog::replay::Source;
    use crate::policy::manifest::Manifest;
    use crate::rule::{example, lint};

    const TABLE: &str = "create table invoice (id bigint primary key, tenant_id uuid not null);\n";

    /// What is found of TRUNCATE and of suppressions, each with its line.
    fn found(sql: &str) -> Vec<String> {
        let manifest = Manifest::parse(example::MANIFEST).unwrap();
        let report = lint(&manifest, &[Source::new("a.sql", format!("{TABLE}{sql}"))]);
        let of_interest = report
            .findings
            .iter()
            .filter(|of| matches!(of.rule.code, "truncate-granted" | "unused-suppression"));
        of_interest.map(|of| format!("{}: {}", of.place.as_ref().unwrap().line, of.message)).collect()
    }

    #[test]
    fn a_finding_is_let_stand_before_within_and_behind_its_statement() {
        for sql in [
            "-- tenantry: allow truncate-granted \"so\"\ngrant truncate on invoice to erp_app;",
            "--tenantry: allow truncate-granted \"so\"\ngrant truncate on invoice to erp_app;",
            "grant truncate\n -- tenantry: allow truncate-granted \"so\"\n on invoice to erp_app;",
            "grant truncate on invoice to erp_app; -- tenantry: allow truncate-granted \"so\"\nselect 1;",
            "/* tenantry: allow truncate-granted \"so\" */ grant truncate on invoice to erp_app;",
            "-- tenantry: allow truncate-granted \"so\"\ndo $$ begin\n grant truncate on invoice to erp_app;\nend $$;",
            "-- tenantry: allow-file truncate-granted \"so\"\nselect 1;\ngrant truncate on invoice to erp_app;",
        ] {
            assert_eq!(found(sql), [""; 0], "{sql}");
        }
    }

    #[test]
    fn what_says_nothing_to_a_runner_is_found_too() {
        for (sql, expected) in [
            ("-- tenantry: each-tenants\nselect 1;", &["2: \"each-tenants\" says nothing to a runner"][..]),
            ("select 1; -- tenantry: system", &["2: system gives no reason"]),
            ("-- tenantry: each-tenant\nselect 1;", &[]),
            ("-- tenantry: system \"all\"\n-- tenantry: allow-zero-rows \"new\"\nselect 1;", &[]),
        ] {
            let found = found(sql);
            assert_eq!(found.len(), expected.len(), "{sql}: {found:?}");
            assert!(
                found.iter().zip(expected).all(|(found, expected)| found.starts_with(expected)),
                "{found:?}"
            );
        }
    }

    #[test]
    fn it_is_for_nothing_else() {
        let grant = "grant truncate on invoice to erp_app;";
        let allow = "-- tenantry: allow truncate-granted \"so\"\n";
        for (sql, expected) in [
            (
                format!("{grant}\n{allow}select 1;"),
                ["2: erp_app may TRUNCATE", "3: truncate-granted is allowed here"],
            ),
            (
                format!("{allow}select 1;\n{grant}"),
                ["4: erp_app may TRUNCATE", "2: truncate-granted is allowed here"],
            ),
            (
                format!("-- tenantry: allow truncate-granted\n{grant}"),
                ["3: erp_app may TRUNCATE", "2: allow gives no reason"],
            ),
            (
                format!("-- tenantry: allow truncate-grantet \"so\"\n{grant}"),
                [
                    "3: erp_app may TRUNCATE",
                    "2: allow names truncate-grantet, which is no rule; did you mean truncate-granted?",
                ],
            ),
            (
                format!("-- tenantry: allow \"so\"\n{grant}"),
                ["3: erp_app may TRUNCATE", "2: allow names no rule"],
            ),
        ] {
            let found = found(&sql);
            assert_eq!(found.len(), 2, "{sql}: {found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.starts_with(expected), "{sql}: {found}");
            }
        }
        assert_eq!(found(&format!("select '-- tenantry: allow truncate-granted';\n{grant}")).len(), 1);
    }
}
