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
//! An entry is for every finding of the rule in that object and file, on whatever line. One file serves files and database.

use std::collections::BTreeSet;
use std::fmt;

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
    known: Known,
    reason: Option<String>,
    line: usize,
}

/// What tells one entry from another, in the order in which they stand in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    file: Option<String>,
    object: String,
    rule: String,
}

impl Known {
    fn of(finding: &Finding) -> Self {
        Self {
            file: finding.place.as_ref().map(|place| place.file.clone()),
            object: finding.object.to_string(),
            rule: finding.rule.code.to_owned(),
        }
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
                let reason = fields.string("reason").map(|reason| reason.value.to_owned());
                fields.finish();
                if let (Some(rule), Some(object)) = (rule, object) {
                    let (rule, object) = (rule.value.to_owned(), object.value.to_owned());
                    let line = line.unwrap_or_default();
                    entries.push(Entry { known: Known { file, object, rule }, reason, line });
                }
            }
        }
        let problems = about.into_problems();
        if problems.is_empty() { Ok(Self { entries }) } else { Err(problems) }
    }

    /// What is known once all of these are. Entries about what was not looked at stay, and so do the reasons of those that still
    /// match.
    ///
    /// `is_looked_at` is that of [`Baseline::apply`].
    #[must_use]
    pub fn renewed(&self, findings: &[Finding], is_looked_at: impl Fn(Option<&str>) -> bool) -> Self {
        let mut known: BTreeSet<Known> = findings.iter().map(Known::of).collect();
        let others = self.entries.iter().map(|entry| &entry.known);
        known.extend(others.filter(|known| !is_looked_at(known.file.as_deref())).cloned());
        let entry = |known: Known| {
            let before = self.entries.iter().find(|entry| entry.known == known);
            Entry { known, reason: before.and_then(|entry| entry.reason.clone()), line: 0 }
        };
        Self { entries: known.into_iter().map(entry).collect() }
    }

    /// Whether a finding is known.
    #[must_use]
    pub fn knows(&self, finding: &Finding) -> bool {
        let wanted = Known::of(finding);
        self.entries.iter().any(|entry| entry.known == wanted)
    }

    /// Takes what is known out of a report, and adds the entries that match nothing, which stand in the file of this name.
    ///
    /// `is_looked_at` says whether an entry's file, or the database for one without, was looked at: of any other it is not
    /// known whether it still holds.
    pub fn apply(&self, name: &str, report: &mut Report, is_looked_at: impl Fn(Option<&str>) -> bool) {
        let mut stale = Findings::of(&RULE);
        let mut used = vec![false; self.entries.len()];
        report.findings.retain(|finding| {
            let (wanted, mut known) = (Known::of(finding), false);
            for (entry, used) in self.entries.iter().zip(&mut used) {
                if entry.known == wanted {
                    *used = true;
                    known = true;
                }
            }
            !known
        });
        for (entry, _) in self.entries.iter().zip(used).filter(|(_, used)| !used) {
            let Known { file, object, rule } = &entry.known;
            if !is_looked_at(file.as_deref()) {
                continue;
            }
            let message = format!("{rule} of {object} is in the baseline, and is found no more");
            let place = Place { file: name.to_owned(), line: entry.line, column: 1, length: 11 };
            stale.add(Object::Database, message).place = Some(place);
        }
        report.findings.extend(stale.into_found());
    }
}

/// The text of a baseline file.
impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "# Findings that are known and let stand. tenantry lint, audit and migrate leave them out, and lint and audit say which\n\
             # of these entries match nothing any more. --write-baseline renews those that lint or audit has looked at.\n",
        )?;
        let quoted = |text: &str| Item::Value(Value::from(text)).to_string().trim().to_owned();
        for Entry { known: Known { file, object, rule }, reason, .. } in &self.entries {
            write!(f, "\n[[finding]]\nrule = {}\nobject = {}\n", quoted(rule), quoted(object))?;
            for (field, value) in [("file", file), ("reason", reason)] {
                if let Some(value) = value {
                    writeln!(f, "{field} = {}", quoted(value))?;
                }
            }
        }
        Ok(())
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
        let known = Baseline::default().renewed(&found.findings, |_| true);
        assert!(found.findings.iter().all(|finding| known.knows(finding)));
        let baseline = Baseline::parse(&known.to_string()).unwrap();
        baseline.apply("base.toml", &mut found, |_| true);
        assert_eq!(codes(&found), [""; 0]);
    }

    #[test]
    fn what_was_not_looked_at_stays_and_so_do_reasons() {
        let entry = |rule: &str, file: &str| {
            format!("[[finding]]\nrule = \"{rule}\"\nobject = \"public.invoice\"\n{file}reason = \"so\"\n")
        };
        let file = "file = 'a \"b\".sql'\n";
        let text =
            [entry("truncate-granted", file), entry("grant-all", file), entry("grant-all", "")].concat();
        let renewed =
            Baseline::parse(&text).unwrap().renewed(&report().findings, |file| file.is_some()).to_string();
        let again = Baseline::parse(&renewed).unwrap();
        let of = |rule: &str| again.entries.iter().find(|entry| entry.known.rule == rule).unwrap();
        assert_eq!(of("truncate-granted").reason.as_deref(), Some("so"));
        assert_eq!(of("grant-all").known.file, None, "that of the file matches nothing, and goes");
        assert_eq!(renewed.matches("grant-all").count(), 1, "{renewed}");
        assert_eq!(of("rls-disabled").reason, None);
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
