//! A proof for CI: JUnit's XML, a suite for each subject and a case for each attempt.
//!
//! What is unproved is an `error`, since a case that is `skipped` does not turn a run of CI red, and a promise that nobody has
//! seen held would pass for one that was. With `--allow-unproved` somebody has said that it may pass, and then it is `skipped`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use super::report::{Report, Tally, Unproved};
use crate::markup::escaped;
use crate::prove::{Cell, Subject, Verdict};

/// Writes it a suite at a time.
pub(super) fn write(report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let tally = report.tally();
    let counts = Counts::of(tally, report.untried().count(), report.unproved);
    let seconds = report.proof.took.as_secs_f64();
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"tenantry prove\" {counts} time=\"{seconds:.3}\">\n"
    )?;
    for subject in report.proof.subjects.iter().filter(|subject| subject.apart.is_none()) {
        out.write_all(suite(subject, report).as_bytes())?;
    }
    out.write_all(b"</testsuites>\n")
}

/// What the attributes of a suite count.
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn of(tally: Tally, untried: usize, unproved: Unproved) -> Self {
        let open = tally.unproved + untried;
        let (errors, skipped) = match unproved {
            Unproved::Fails => (open, 0),
            Unproved::Passes => (0, open),
        };
        Self { tests: tally.all() + untried, failures: tally.red(), errors, skipped }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { tests, failures, errors, skipped } = self;
        write!(f, "tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
    }
}

fn suite(subject: &Subject, report: &Report<'_>) -> String {
    let is_untried = subject.cells.is_empty();
    let counts = Counts::of(Tally::of(&subject.cells), usize::from(is_untried), report.unproved);
    let name = escaped(&subject.name);
    let mut text = format!(
        "  <testsuite name=\"{name}\" {counts} timestamp=\"{}\">\n",
        report.time.trim_end_matches('Z')
    );
    text.push_str(&properties(report, subject));
    if is_untried {
        let why = open(report.unproved, "nothing was tried on it", "");
        let _ = writeln!(text, "    <testcase classname=\"{name}\" name=\"all\">{why}</testcase>");
    }
    // Programs that read it take cases of one name for one.
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for cell in &subject.cells {
        let mut title = format!("{}, {}", cell.attempt, cell.aim.name());
        let before = seen.entry(title.clone()).or_default();
        *before += 1;
        if *before > 1 {
            let _ = write!(title, " ({before})");
        }
        let title = escaped(&title);
        let _ = match outcome(cell, report.unproved) {
            Some(outcome) => {
                writeln!(text, "    <testcase classname=\"{name}\" name=\"{title}\">{outcome}</testcase>")
            }
            None => writeln!(text, "    <testcase classname=\"{name}\" name=\"{title}\"/>"),
        };
    }
    text.push_str("  </testsuite>\n");
    text
}

/// What it was tried on.
fn properties(report: &Report<'_>, subject: &Subject) -> String {
    let proof = report.proof;
    let all = [
        ("database", proof.database.as_str()),
        ("server", &proof.server),
        ("app", &proof.app),
        ("seeder", proof.seeder.as_deref().unwrap_or_default()),
        ("manifest.sha256", report.digest),
        ("kind", subject.kind),
        ("place", subject.place),
    ];
    let mut text = "    <properties>\n".to_owned();
    for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "      <property name=\"{name}\" value=\"{}\"/>", escaped(value));
    }
    text.push_str("    </properties>\n");
    text
}

/// What is not as it should be.
fn outcome(cell: &Cell, unproved: Unproved) -> Option<String> {
    let said = format!("{}\n\nanswer: {}", cell.sql, cell.answer);
    match &cell.verdict {
        Verdict::Held => None,
        Verdict::Unproved(reason) => Some(open(unproved, reason, &said)),
        verdict => {
            let message = format!("{}: {}", verdict.name(), cell.answer);
            Some(element("failure", &message, verdict.name(), &said))
        }
    }
}

/// What has shown nothing.
fn open(unproved: Unproved, reason: &str, said: &str) -> String {
    let name = match unproved {
        Unproved::Fails => "error",
        Unproved::Passes => "skipped",
    };
    element(name, &format!("unproved: {reason}"), "unproved", said)
}

fn element(name: &str, message: &str, kind: &str, said: &str) -> String {
    // Of those that are skipped there is no kind.
    let kind = if name == "skipped" { String::new() } else { format!(" type=\"{kind}\"") };
    format!("<{name} message=\"{}\"{kind}>{}</{name}>", escaped(message), escaped(said.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::cli::prove::report::{Report, Unproved};
    use crate::cli::prove::specimen;

    fn text(report: &Report<'_>) -> String {
        specimen::written(|out| write(report, out))
    }

    #[test]
    fn what_is_red_fails_and_what_is_unproved_does_not_pass() {
        let proof = specimen::wrong();
        let xml = text(&specimen::report(&proof, Unproved::Fails));
        specimen::well_formed(&xml);
        assert_eq!(xml.matches("<failure ").count(), proof.broken().count());
        assert_eq!((xml.matches("<error ").count(), xml.matches("<skipped ").count()), (3, 0));
        assert!(xml.contains("tests=\"53\" failures=\"44\" errors=\"3\" skipped=\"0\""), "{xml}");
        assert_eq!(xml.matches("<testsuite ").count(), 5, "those that nothing is promised of have none");
        assert!(!xml.contains("public.ledger"));
        let allowed = text(&specimen::report(&proof, Unproved::Passes));
        specimen::well_formed(&allowed);
        assert_eq!((allowed.matches("<error ").count(), allowed.matches("<skipped ").count()), (0, 3));
    }

    #[test]
    fn a_failure_holds_the_sql_and_the_answer() {
        let proof = specimen::wrong();
        let xml = text(&specimen::report(&proof, Unproved::Fails));
        for part in [
            "message=\"leaked: 1 row\" type=\"leaked\">SELECT &#39;&lt;x&gt; &amp; y&#39;&#10;FROM",
            "&#10;&#10;answer: 1 row</failure>",
            "message=\"unproved: somebody else holds a lock on it\"",
        ] {
            assert!(xml.contains(part), "{part}: {xml}");
        }
    }

    #[test]
    fn no_two_cases_of_a_suite_have_one_name() {
        let mut proof = specimen::held();
        let twice = proof.subjects[1].cells[0].clone();
        proof.subjects[1].cells.push(twice);
        let xml = text(&specimen::report(&proof, Unproved::Fails));
        assert!(
            xml.contains("name=\"select, own\"/>") && xml.contains("name=\"select, own (2)\"/>"),
            "{xml}"
        );
    }
}
