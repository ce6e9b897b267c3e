//! A proof as one page for whoever reviews the security: it needs nothing else, runs nothing, and can be printed.

mod attempts;
mod plans;

use std::fmt::Write as _;
use std::io;

use super::report::{MEANINGS, Report, Tally, Unproved};
use crate::cli::output::style::{count, plain, took};
use crate::markup::escaped;
use crate::prove::{Aim, NOT_TRIED, Subject};

const CSS: &str = include_str!("page.css");

/// Writes the page a section at a time: that of thousands of tables is longer than what it is made from.
pub(super) fn write(report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let proof = report.proof;
    let subjects = ordered(report);
    let database = if proof.database.is_empty() { "a database without a session" } else { &proof.database };
    let database = escaped(&plain(database));
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Proof of isolation: {database}</title>\n<style>\n{CSS}</style>\n</head>\n<body>\n<main>\n\
         <h1>Isolation of tenants in <span class=\"name\">{database}</span></h1>\n"
    )?;
    let before = [verdict(report), facts(report), legend(), matrix(report, &subjects), unproved(report)];
    for section in before.iter().chain(&[plans::section(proof)]) {
        out.write_all(section.as_bytes())?;
    }
    out.write_all(
        b"<h2>Every attempt</h2>\n<p>Each with what it came to. What is broken or unproved stands first.</p>\n",
    )?;
    for (number, subject) in &subjects {
        out.write_all(attempts::subject(*number, subject).as_bytes())?;
    }
    for section in [apart(report), not_tried()] {
        out.write_all(section.as_bytes())?;
    }
    out.write_all(b"</main>\n</body>\n</html>\n")
}

/// A name as a page shows it.
fn name(text: &str) -> String {
    format!("<span class=\"name\">{}</span>", escaped(&plain(text)))
}

/// A verdict in a word, with a mark that needs no colour.
fn badge(word: &str) -> String {
    format!("<span class=\"badge {word}\">{} {word}</span>", mark(word))
}

fn mark(word: &str) -> &'static str {
    match word {
        "held" => "✓",
        "unproved" => "?",
        _ => "✗",
    }
}

/// The word that stands for several attempts: the worst of them.
fn worst(tally: Tally) -> &'static str {
    tally.wrong().first().map_or("held", |(_, word)| word)
}

/// Those that something is promised of, each with its number on the page: red ones first, then those with something unproved.
fn ordered<'a>(report: &Report<'a>) -> Vec<(usize, &'a Subject)> {
    let tried = report.proof.subjects.iter().filter(|subject| subject.apart.is_none());
    let mut subjects: Vec<(usize, &Subject)> = (1..).zip(tried).collect();
    subjects.sort_by_key(|(_, subject)| {
        let tally = Tally::of(&subject.cells);
        if tally.red() > 0 {
            0
        } else if tally.unproved > 0 || subject.cells.is_empty() {
            1
        } else {
            2
        }
    });
    subjects
}

fn verdict(report: &Report<'_>) -> String {
    let word = match worst(report.tally()) {
        "held" if report.untried().next().is_some() => "unproved",
        word => word,
    };
    format!("<p class=\"verdict {word}\">{} {}</p>\n", mark(word), escaped(&report.summary()))
}

/// What was proved, when, and by whom.
fn facts(report: &Report<'_>) -> String {
    let proof = report.proof;
    let made = match &proof.seeder {
        Some(seeder) => name(seeder),
        None => "the app role itself, where it may insert them".to_owned(),
    };
    let passes = match (report.passes(), report.unproved) {
        (true, Unproved::Passes) => "yes; what is unproved was let pass",
        (true, Unproved::Fails) => "yes",
        (false, _) => "no",
    };
    let unknown = "unknown: there was no session".to_owned();
    let known = |text: &String| if text.is_empty() { unknown.clone() } else { name(text) };
    let facts = [
        ("Database", known(&proof.database)),
        ("PostgreSQL", known(&proof.server)),
        ("App role, whose attempts these are", name(&proof.app)),
        ("Rows made by", made),
        ("Begun", format!("<time datetime=\"{0}\">{0}</time>", escaped(report.time))),
        ("Took", format!("{}, {}", took(proof.took), count(report.tally().all(), "attempt"))),
        ("Passes", passes.to_owned()),
        ("tenantry", env!("CARGO_PKG_VERSION").to_owned()),
        ("Manifest", format!("{}, SHA-256 <code>{}</code>", name(report.manifest), escaped(report.digest))),
    ];
    let row = |(what, said): &(&str, String)| format!("<dt>{what}</dt><dd>{said}</dd>\n");
    format!("<dl>\n{}</dl>\n", facts.iter().map(row).collect::<String>())
}

fn legend() -> String {
    let mut text = "<h2>What the words mean</h2>\n\
         <p>A row was made for one tenant and for another, in a transaction that was rolled back. With the first tenant bound, the \
         app role tried to read, change, forge and take the rows of either; and it tried with no tenant bound. The manifest \
         says what each attempt is to come to.</p>\n<table>\n"
        .to_owned();
    for (word, meaning) in MEANINGS {
        let _ = writeln!(text, "<tr><td>{}</td><td>{}</td></tr>", badge(word), escaped(meaning));
    }
    text.push_str("</table>\n");
    text
}

fn matrix(report: &Report<'_>, subjects: &[(usize, &Subject)]) -> String {
    let columns = report.columns();
    let mut text = "<h2>Whose rows were reached</h2>\n\
         <p>How many attempts held; where some did not, what they came to.</p>\n\
         <table class=\"matrix\">\n<thead><tr><th>object</th><th>kind</th><th>class</th>"
        .to_owned();
    for (title, _) in &columns {
        let _ = write!(text, "<th>{}</th>", heading(title));
    }
    text.push_str("</tr></thead>\n<tbody>\n");
    for (number, subject) in subjects {
        let title = name(&subject.name);
        let _ = write!(text, "<tr><td><a href=\"#o{number}\">{title}</a></td><td>{}</td>", subject.kind);
        let _ = write!(text, "<td>{}</td>", escaped(subject.place));
        let is_of_columns = |aim: Aim| columns.iter().any(|(_, aims)| aims.contains(&aim));
        if subject.cells.iter().any(|cell| is_of_columns(cell.aim)) {
            for column in &columns {
                text.push_str(&counted(Tally::of_column(subject, *column), 1));
            }
        } else if columns.is_empty() || !subject.cells.is_empty() {
            text.push_str(&counted(Tally::of(&subject.cells), columns.len().max(1)));
        } else {
            let _ =
                write!(text, "<td class=\"unproved\" colspan=\"{}\">? nothing was tried</td>", columns.len());
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody>\n</table>\n");
    text
}

/// A title for those who do not know the command's words.
fn heading(title: &str) -> &str {
    match title {
        "own" => "own row",
        "other" => "another tenant's",
        "below" => "a tenant's below",
        "nobody's" => "nobody's",
        _ => "no tenant bound",
    }
}

fn counted(tally: Tally, columns: usize) -> String {
    let (word, said) = match tally.all() {
        0 => return format!("<td class=\"quiet\" colspan=\"{columns}\">–</td>"),
        all if all == tally.held => ("held", format!("{all} held")),
        _ => (worst(tally), tally.said()),
    };
    format!("<td class=\"number {word}\" colspan=\"{columns}\">{} {said}</td>", mark(word))
}

fn unproved(report: &Report<'_>) -> String {
    let reasons = report.reasons();
    if reasons.is_empty() {
        return String::new();
    }
    let mut text =
        "<h2>What is unproved, and why</h2>\n<table>\n<thead><tr><th>reason</th><th>objects</th></tr></thead>\n<tbody>\n"
            .to_owned();
    for (reason, subjects) in reasons {
        let one = |(subject, number): (&str, usize)| match number {
            0 | 1 => name(subject),
            number => format!("{} ({number})", name(subject)),
        };
        let names: Vec<String> = subjects.into_iter().map(one).collect();
        let _ = writeln!(text, "<tr><td>{}</td><td>{}</td></tr>", escaped(&plain(reason)), names.join(", "));
    }
    text.push_str("</tbody>\n</table>\n");
    text
}

fn apart(report: &Report<'_>) -> String {
    let reasons = report.apart();
    if reasons.is_empty() {
        return String::new();
    }
    let mut text = "<h2>What nothing is promised of</h2>\n<p>Nothing was tried on these.</p>\n<table>\n\
         <thead><tr><th>objects</th><th>reason</th></tr></thead>\n<tbody>\n"
        .to_owned();
    for (reason, subjects) in reasons {
        let names: Vec<String> = subjects.into_iter().map(|subject| name(&subject.name)).collect();
        let _ = writeln!(text, "<tr><td>{}</td><td>{}</td></tr>", names.join(", "), escaped(&plain(reason)));
    }
    text.push_str("</tbody>\n</table>\n");
    text
}

/// What no proof shows, whatever the database.
fn not_tried() -> String {
    let mut text = "<h2>What is not tried</h2>\n<dl class=\"reasons\">\n".to_owned();
    for (what, why) in NOT_TRIED {
        let _ = writeln!(text, "<dt>{}</dt><dd>{}</dd>", escaped(what), escaped(why));
    }
    text.push_str("</dl>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::cli::prove::report::{Report, Unproved};
    use crate::cli::prove::specimen;
    use crate::prove::NOT_TRIED;

    fn text(report: &Report<'_>) -> String {
        specimen::written(|out| write(report, out))
    }

    #[test]
    fn a_page_needs_nothing_else_and_runs_nothing() {
        for proof in [specimen::wrong(), specimen::held()] {
            let page = text(&specimen::report(&proof, Unproved::Fails));
            specimen::well_formed(&page);
            for part in ["<script", "http:", "https:", "src=", "url(", "@import", " on"] {
                assert!(!markup(&page).contains(part), "{part}: {page}");
            }
        }
    }

    /// The tags of a page.
    fn markup(page: &str) -> String {
        let tags = page.split('<').filter_map(|part| part.split_once('>'));
        tags.fold(String::new(), |tags, (tag, _)| tags + "<" + tag + ">")
    }

    #[test]
    fn what_the_database_says_is_escaped() {
        let mut proof = specimen::wrong();
        proof.database = specimen::EVIL.to_owned();
        proof.server = "<i>18</i>".to_owned();
        proof.app = "<u>app</u>".to_owned();
        proof.seeder = Some("<s>me</s>".to_owned());
        proof.subjects[5].apart = Some("<em>so</em>".to_owned());
        proof.subjects[5].name = "<tt>".to_owned();
        proof.subjects[2].cells[6].verdict = crate::prove::Verdict::Unproved("<q>".to_owned());
        proof.subjects[2].cells[1].answer = "<kbd>".to_owned();
        let page = text(&specimen::report(&proof, Unproved::Fails));
        specimen::well_formed(&page);
        for tag in [
            "<script>", "<i>", "<u>", "<s>", "<em>", "<tt>", "<q>", "<kbd>", "<b>", "<x>", "\u{202e}",
            "\u{1b}",
        ] {
            assert!(!page.contains(tag), "{tag:?}");
        }
        assert!(page.contains("&lt;kbd&gt;") && page.contains("&lt;script&gt;"));
    }

    #[test]
    fn plans_and_what_is_not_tried_have_sections_of_their_own() {
        let mut proof = specimen::held();
        let without = text(&specimen::report(&proof, Unproved::Fails));
        assert!(!without.contains("<h2>Plans"), "{without}");
        for (what, _) in NOT_TRIED {
            assert!(without.contains(&format!("<dt>{what}</dt>")), "{what}: {without}");
        }
        let slow = specimen::plan(&["the policy casts <b>"]);
        proof.plans = vec![specimen::plan(&[]), slow];
        let page = text(&specimen::report(&proof, Unproved::Fails));
        specimen::well_formed(&page);
        for part in [
            "<h2>Plans of a tenant&#39;s statements</h2>\n<p>1 of 2 plans not as they should be.",
            "<td>✗ the policy casts &lt;b&gt;</td>",
            "<td>✓ as it should be</td>",
            "<td class=\"number\">2.6 ms</td><td class=\"number\">602</td>",
            "<td class=\"number\">300 of 300</td>",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let at = |part: &str| page.find(part).unwrap();
        assert!(at("✗ the policy") < at("✓ as it should be"), "{page}");
    }

    #[test]
    fn what_is_red_stands_first_and_open() {
        let page = text(&specimen::report(&specimen::wrong(), Unproved::Fails));
        let at = |part: &str| page.find(part).unwrap_or_else(|| panic!("{part}: {page}"));
        assert!(at("id=\"o2\"") < at("id=\"o3\"") && at("id=\"o3\"") < at("id=\"o5\""), "red, red, untried");
        assert!(at("id=\"o5\"") < at("id=\"o1\""), "untried, held");
        assert!(page.contains("<details class=\"subject\" id=\"o2\" open>"));
        assert!(page.contains("<details class=\"subject\" id=\"o1\">"));
        for part in
            ["✗ leaked", "✗ denied", "✗ differs", "? unproved", "✓ held", "2026-01-31T23:59:59Z", "0123abcd"]
        {
            at(part);
        }
        assert!(
            at("✗ 44 of 52 promises broken (42 leaked, 1 denied, 1 differs); 2 unproved and 1 not tried") > 0
        );
    }
}
