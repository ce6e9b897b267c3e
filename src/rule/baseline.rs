//! The findings that a project has known of since it began to look, in a file.
//!
//! ```toml
//! [[finding]]
//! rule = "grant-all"
//! object = "public.invoice"
//! file = "migrations/V1__init.sql"    # of a finding in files
//! reason = "the role is only a group" # if somebody wants to say
//! ```
//!
//! An entry is for every finding of the rule in that object and file, on whatever line.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use toml_edit::{Item, Value};

use super::finding::{Finding, Findings};
use super::rules::suppression::unused_suppression::RULE;
use super::{Place, Report};
use crate::catalog::Object;
use crate::policy::manifest::Problem;
use crate::policy::manifest::fields::{Fields, Text};

/// Findings that are known.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    rule: String,
    object: String,
    file: Option<String>,
    line: usize,
}

impl Entry {
    fn is_of(&self, finding: &Finding) -> bool {
        let file = finding.place.as_ref().map(|place| place.file.as_str());
        self.rule == finding.rule.code
            && self.file.as_deref() == file
            && self.object == finding.object.to_string()
    }
}

impl Baseline {
    /// Reads the text of a baseline file.
    ///
    /// # Errors
    ///
    /// All that is wrong with it: it is not TOML, a field is unknown or missing, or not what it has to be.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let about = Text::new(text);
        let Some(document) = about.document() else { return Err(about.into_problems()) };
        let mut entries = Vec::new();
        for (key, item) in document.as_table() {
            let tables = item.as_array_of_tables().filter(|_| key == "finding");
            let Some(tables) = tables else {
                about.problem(
                    about.line(item.span()),
                    format!("{key} is not [[finding]], which is all that it holds"),
                );
                continue;
            };
            for table in tables {
                let line = about.line(table.span());
                let mut fields = Fields::new("[[finding]]", line, Some(table), &about);
                let rule = fields.required("rule");
                let object = fields.required("object");
                let file = fields.string("file").map(|file| file.value.to_owned());
                fields.string("reason");
                fields.finish();
                if let (Some(rule), Some(object)) = (rule, object) {
                    let line = line.unwrap_or_default();
                    entries.push(Entry {
                        rule: rule.value.to_owned(),
                        object: object.value.to_owned(),
                        file,
                        line,
                    });
                }
            }
        }
        let problems = about.into_problems();
        if problems.is_empty() { Ok(Self { entries }) } else { Err(problems) }
    }

    /// The text of a baseline file in which all of these are known.
    #[must_use]
    pub fn of(findings: &[Finding]) -> String {
        let mut text = String::from(
            "# Findings that are known and let stand. tenantry lint and audit leave them out, and say which of these entries\n\
             # match nothing any more. --write-baseline writes the file anew.\n",
        );
        let mut entries = BTreeSet::new();
        for finding in findings {
            let file = finding.place.as_ref().map(|place| place.file.clone());
            entries.insert((file, finding.object.to_string(), finding.rule.code));
        }
        let quoted = |text: &str| Item::Value(Value::from(text)).to_string().trim().to_owned();
        for (file, object, rule) in entries {
            let _ = write!(text, "\n[[finding]]\nrule = {}\nobject = {}\n", quoted(rule), quoted(&object));
            if let Some(file) = file {
                let _ = writeln!(text, "file = {}", quoted(&file));
            }
        }
        text
    }

    /// Takes what is known out of a report, and adds the entries that match nothing, which stand in the file of this name.
    ///
    /// `is_looked_at` says whether an entry's file, or the database for one without, was looked at: of any other it is not
    /// known whether it still holds.
    pub fn apply(&self, name: &str, report: &mut Report, is_looked_at: impl Fn(Option<&str>) -> bool) {
        let mut stale = Findings::of(&RULE);
        let mut used = vec![false; self.entries.len()];
        report.findings.retain(|finding| {
            let mut known = false;
            for (entry, used) in self.entries.iter().zip(&mut used) {
                if entry.is_of(finding) {
                    *used = true;
                    known = true;
                }
            }
            !known
        });
        for (entry, _) in self.entries.iter().zip(used).filter(|(_, used)| !used) {
            if !is_looked_at(entry.file.as_deref()) {
                continue;
            }
            let message =
                format!("{} of {} is in the baseline, and is found no more", entry.rule, entry.object);
            let place = Place { file: name.to_owned(), line: entry.line, column: 1, length: 11 };
            stale.add(Object::Database, message).place = Some(place);
        }
        report.findings.extend(stale.into_found());
    }
}

#[cfg(test)]
mod tests {
    use super::Baseline;
    use crate::catalog::replay::Source;
    use crate::policy::manifest::Manifest;
    use crate::rule::{Report, example, lint};

    fn report() -> Report {
        let manifest = Manifest::parse(example::MANIFEST).unwrap();
        let sql = "create table invoice (id bigint primary key, tenant_id uuid not null);\n\
                   grant truncate on invoice to public;";
        lint(&manifest, &[Source::new("a \"b\".sql", sql)])
    }

    fn codes(report: &Report) -> Vec<&str> {
        report.findings.iter().map(|finding| finding.rule.code).collect()
    }

    #[test]
    fn what_is_known_is_left_out() {
        let mut found = report();
        assert!(codes(&found).contains(&"truncate-granted"));
        let baseline = Baseline::parse(&Baseline::of(&found.findings)).unwrap();
        baseline.apply("base.toml", &mut found, |_| true);
        assert_eq!(codes(&found), [""; 0]);
    }

    #[test]
    fn what_is_found_no_more_is_said_where_it_stands() {
        let text = "# known\n\n[[finding]]\nrule = \"grant-all\"\nobject = \"public.x\"\nfile = \"a\"\nreason = \"so\"\n\
                    [[finding]]\nrule = \"grant-all\"\nobject = \"public.x\"\n";
        let baseline = Baseline::parse(text).unwrap();
        let mut found = Report::default();
        baseline.apply("base.toml", &mut found, |file| file.is_some());
        let [stale] = &found.findings[..] else { panic!("{found:?}") };
        assert_eq!(stale.message, "grant-all of public.x is in the baseline, and is found no more");
        let place = stale.place.as_ref().unwrap();
        assert_eq!((place.file.as_str(), place.line), ("base.toml", 3));
    }

    #[test]
    fn all_that_is_wrong_is_said() {
        let problems = Baseline::parse("[[finding]]\nrule = \"a\"\nobjekt = 1\n[other]\n").unwrap_err();
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "line 1: [[finding]] lacks object; it has no default",
                "line 3: [[finding]] has no field \"objekt\"; did you mean \"object\"?",
                "line 4: other is not [[finding]], which is all that it holds",
            ]
        );
        let problems = Baseline::parse("[[finding]\n").unwrap_err();
        assert!(problems[0].what.starts_with("this is not TOML"), "{problems:?}");
    }
}
