//! A proof for people to read.

use std::fmt::Write as _;
use std::path::Path;

use anstyle::Style;

use super::report::{Group, MEANINGS, Report, aimed, by_weight, grouped};
use super::{matrix, plans};
use crate::cli::output::layout::{Cell as Text, Row, Width};
use crate::cli::output::style::{
    BOLD, CARE, DIM, GOOD, NAME, PLAIN, WRONG, block, count, paint, plain, took,
};
use crate::prove::{Cell, Proof, Subject};

pub(super) fn text(report: &Report<'_>, width: Width) -> String {
    let parts = [
        heading(report, width),
        matrix::text(report, width),
        red(report, width),
        unproved(report, width),
        plans::text(report, width),
        apart(report, width),
        summary(report, width),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

/// Which files were written.
pub(super) fn written(files: &[&Path]) -> String {
    let line = |file: &&Path| format!("{} {}\n", paint(GOOD, "wrote"), plain(file.display()));
    files.iter().map(line).collect()
}

fn heading(report: &Report<'_>, width: Width) -> String {
    let Proof { database, server, app, seeder, took: span, .. } = report.proof;
    let title = if database.is_empty() { "Proof without a session" } else { "Proof of isolation in" };
    let mut text = match (database.as_str(), server.as_str()) {
        ("", _) => format!("{title}\n"),
        (database, server) => {
            let place = format!("{database} on PostgreSQL {server}");
            format!("{title} {}\n", width.hang(title.len() + 1, 2, BOLD, place))
        }
    };
    let rows_by = match seeder {
        Some(seeder) => seeder.as_str(),
        None => "the app role itself, where it may insert them; --seed-url names another",
    };
    let attempts = format!("{}, {}", took(*span), count(report.tally().all(), "attempt"));
    let lines = [
        ("app role", Text::new(NAME, app)),
        ("rows made by", Text::new(if seeder.is_some() { NAME } else { PLAIN }, rows_by)),
        ("took", Text::of(attempts)),
    ];
    let rows = lines.map(|(name, said)| Row::new(Text::new(DIM, name), said));
    text.push_str(&width.rows(2, &rows));
    text
}

/// The style of a word of the report.
pub(super) fn style(word: &str) -> Style {
    match word {
        "held" => GOOD,
        "unproved" => CARE,
        _ => WRONG,
    }
}

/// What is broken, by what it was tried on.
fn red(report: &Report<'_>, width: Width) -> String {
    let tally = report.tally();
    if tally.red() == 0 {
        return String::new();
    }
    let mut text = format!("{}\n", paint(WRONG, format!("{} broken", count(tally.red(), "promise"))));
    let words = tally.wrong();
    let known =
        MEANINGS.iter().filter(|(word, _)| *word != "unproved" && words.iter().any(|(_, of)| of == word));
    let rows: Vec<Row> =
        known.map(|(word, meaning)| Row::new(Text::new(style(word), word), Text::of(meaning))).collect();
    text.push_str(&width.rows(2, &rows));
    for subject in &report.proof.subjects {
        let groups = grouped(subject);
        if groups.is_empty() {
            continue;
        }
        let _ = write!(text, "\n{}", titled(subject, width));
        for group in groups {
            text.push_str(&one(&group, width));
        }
    }
    text
}

fn titled(subject: &Subject, width: Width) -> String {
    let what = [subject.place, subject.kind].into_iter().filter(|word| !word.is_empty());
    let mut what: Vec<&str> = what.collect();
    what.dedup();
    let row = Row::new(Text::new(NAME.bold(), &subject.name), Text::new(DIM, what.join(" ")));
    width.rows(0, &[row])
}

/// How many columns the words of verdicts take, the space behind them with them.
const WORD: usize = 10;

/// Attempts that have come to the same.
fn one(group: &Group<'_>, width: Width) -> String {
    let word = group.verdict.name();
    let answer = if group.cells.len() == 1 {
        format!("answer: {}", group.answer)
    } else {
        format!("{}, answer: {}", count(group.cells.len(), "attempt"), group.answer)
    };
    let before = 2 + WORD;
    let mut text = format!(
        "  {}{}\n",
        paint(style(word), format!("{word:<WORD$}")),
        width.hang(before, before, PLAIN, answer)
    );
    // What was tried in the same way on several rows is said once.
    let mut tried: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for aim in by_weight(&group.cells) {
        let of_aim = group.cells.iter().filter(|cell| cell.aim == aim);
        let names: Vec<&str> = of_aim.map(|cell| cell.attempt.as_str()).collect();
        match tried.iter_mut().find(|(known, _)| *known == names) {
            Some((_, aims)) => aims.push(aimed(aim)),
            None => tried.push((names, vec![aimed(aim)])),
        }
    }
    for (names, aims) in tried {
        text.push_str(&width.wrap(before, format!("{}: {}", aims.join(" and "), names.join(", "))));
    }
    if let Some(Cell { attempt, aim, sql, .. }) = group.example() {
        if group.cells.len() > 1 {
            text.push_str(&width.wrap_in(before, DIM, format!("such as {attempt} {}:", aimed(*aim))));
        }
        for line in block(sql).lines() {
            let line = format!("{}{line}", " ".repeat(before + 4));
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    text
}

fn unproved(report: &Report<'_>, width: Width) -> String {
    let reasons = report.reasons();
    if reasons.is_empty() {
        return String::new();
    }
    let (_, meaning) = MEANINGS[3];
    let mut text = match report.tally().unproved {
        0 => format!("{}\n", paint(CARE.bold(), "not tried")),
        number => {
            let title = format!("{number} unproved");
            let said = width.hang(title.len() + 2, 2, PLAIN, meaning);
            format!("{}: {said}\n", paint(CARE.bold(), title))
        }
    };
    for (reason, subjects) in reasons {
        text.push_str(&width.wrap(2, reason));
        let name = |(name, number): (&str, usize)| match number {
            0 | 1 => name.to_owned(),
            number => format!("{name} ({number})"),
        };
        let names: Vec<String> = subjects.into_iter().map(name).collect();
        text.push_str(&width.wrap_in(4, NAME, names.join(", ")));
    }
    if report.proof.seeder.is_none() {
        let help = "rows that the app role may not insert are made by the superuser whom --seed-url names";
        text.push_str(&width.wrap_in(2, DIM, help));
    }
    text
}

fn apart(report: &Report<'_>, width: Width) -> String {
    let reasons = report.apart();
    if reasons.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", paint(BOLD, "Nothing is promised of"));
    for (reason, subjects) in reasons {
        let names: Vec<&str> = subjects.into_iter().map(|subject| subject.name.as_str()).collect();
        text.push_str(&width.wrap_in(2, NAME, names.join(", ")));
        text.push_str(&width.wrap_in(4, DIM, reason));
    }
    text
}

fn summary(report: &Report<'_>, width: Width) -> String {
    let style = match (report.tally().red(), report.passes() && report.reasons().is_empty()) {
        (0, true) => GOOD.bold(),
        (0, false) => CARE.bold(),
        _ => WRONG,
    };
    let mut text = width.wrap_in(0, style, report.summary());
    if report.tally().red() > 0 {
        let next = "tenantry audit says which definitions let it through, and tenantry plan shows the SQL that is missing";
        text.push_str(&width.wrap_in(0, DIM, next));
    }
    text
}

/// The style of what some attempts have come to.
pub(super) fn style_of(verdicts: &[(usize, &'static str)]) -> Style {
    verdicts.first().map_or(GOOD, |(_, word)| style(word))
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::cli::output::layout::Width;
    use crate::cli::prove::report::Unproved;
    use crate::cli::prove::specimen;
    use crate::prove::Proof;

    /// Without its colours.
    fn shown(proof: &Proof, unproved: Unproved, columns: usize) -> String {
        let text = text(&specimen::report(proof, unproved), Width::of(columns));
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn no_line_but_sql_is_wider_than_the_terminal() {
        for columns in [60, 80, 100] {
            for proof in [specimen::wrong(), specimen::held()] {
                let text = shown(&proof, Unproved::Passes, columns);
                for line in text.lines().filter(|line| !line.starts_with(&" ".repeat(16))) {
                    // A name is not broken.
                    let is_name = line.trim_start().starts_with("public.") && !line.trim().contains(' ');
                    assert!(is_name || line.chars().count() <= columns, "{columns}: {line:?} in\n{text}");
                }
            }
        }
    }

    #[test]
    fn failures_that_are_alike_take_a_few_lines() {
        let text = shown(&specimen::wrong(), Unproved::Fails, 100);
        let (_, section) = text.split_once("\npublic.invoice  tenant table\n").unwrap();
        let section = section.split("\n\n").next().unwrap();
        assert!(section.starts_with("  leaked    40 attempts, answer: 1 to 12 rows\n"), "{section}");
        assert_eq!(section.matches("SELECT").count(), 3, "one for each group: {section}");
        assert!(section.lines().count() < 24, "{section}");
        let unwrapped = section.split_whitespace().collect::<Vec<_>>().join(" ");
        for at in 0..40 {
            assert!(unwrapped.contains(&format!("attempt {at}")), "{at}: {section}");
        }
        assert!(
            section.contains("  denied    answer: 42501: permission denied for table invoice\n"),
            "{section}"
        );
    }

    #[test]
    fn every_word_is_explained_once_and_in_order() {
        let text = shown(&specimen::wrong(), Unproved::Fails, 100);
        let mut rest = text.as_str();
        for part in [
            "Proof of isolation in erp on PostgreSQL 18.6\n",
            "app role      erp_app\n",
            "rows made by  postgres\n",
            "took          1.4 s, 52 attempts\n",
            "a session of erp_app  1 held\n",
            "own",
            "44 promises broken\n",
            "the app role reached what",
            "the app role did not reach what",
            "nothing was reached, but",
            "2 unproved: the attempt showed nothing",
            "nothing was tried on it\n",
            "somebody else holds a lock on it\n",
            "Nothing is promised of\n",
            "public.ledger\n    the ledger of migrations\n",
            "44 of 52 promises broken (42 leaked, 1 denied, 1 differs); 2 unproved and 1 not tried at all\n",
        ] {
            let at = rest.find(part).unwrap_or_else(|| panic!("{part:?} in\n{rest}"));
            rest = &rest[at + part.len()..];
        }
        assert_eq!(text.matches("the app role reached what").count(), 1, "{text}");
        let held = shown(&specimen::held(), Unproved::Fails, 100);
        assert!(held.ends_with("\nall 3 promises held\n") && !held.contains("leaked"), "{held}");
        let mut few = specimen::wrong();
        few.subjects.retain(|subject| subject.name == specimen::EVIL);
        few.subjects[0].cells.retain(|cell| !cell.verdict.is_red());
        assert!(!text.contains("--seed-url"), "{text}");
        few.seeder = None;
        let alone = shown(&few, Unproved::Fails, 100);
        assert!(alone.contains("made by the superuser whom --seed-url names\n"), "{alone}");
        let allowed = shown(&few, Unproved::Passes, 100);
        assert!(
            allowed.ends_with("\n3 of 5 promises held; 2 unproved, which --allow-unproved lets pass\n"),
            "{allowed}"
        );
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        // The escapes of colours are ours, and the only ones.
        for columns in [60, 100, 200] {
            let proof = specimen::wrong();
            let text = text(&specimen::report(&proof, Unproved::Fails), Width::of(columns));
            assert!(!text.contains("\u{1b}[2J") && !text.contains(['\u{202e}', '\0']), "{text:?}");
            assert!(text.contains("\\u{1b}[2J\\u{202e}"), "{text:?}");
        }
    }
}
