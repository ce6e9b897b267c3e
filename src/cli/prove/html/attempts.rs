//! What was tried on one subject.

use std::fmt::Write as _;
use std::ptr;

use super::{badge, name, worst};
use crate::cli::output::style::{block, plain};
use crate::cli::prove::report::{Group, Tally, aimed, grouped, weight};
use crate::markup::escaped;
use crate::prove::{Cell, Subject, Verdict};

/// A section of its own, which is open where something is not as promised.
pub(super) fn subject(number: usize, subject: &Subject) -> String {
    let tally = Tally::of(&subject.cells);
    let (word, open) = match worst(tally) {
        "held" if subject.cells.is_empty() => ("unproved", " open"),
        "held" => ("held", ""),
        word => (word, " open"),
    };
    let said = match tally.all() {
        0 => "nothing was tried on it".to_owned(),
        all if all == tally.held => format!("{all} held"),
        _ => tally.said(),
    };
    let mut what: Vec<&str> =
        [subject.place, subject.kind].into_iter().filter(|word| !word.is_empty()).collect();
    what.dedup();
    let mut text = format!(
        "<details class=\"subject\" id=\"o{number}\"{open}>\n<summary><h3>{}</h3> <span class=\"quiet\">{}</span> {} {said}</summary>\n",
        name(&subject.name),
        escaped(&what.join(" ")),
        badge(word),
    );
    if !subject.cells.is_empty() {
        text.push_str(&table(subject));
    }
    text.push_str("</details>\n");
    text
}

fn table(subject: &Subject) -> String {
    // Of those that have come to the same, one shows its SQL.
    let groups = grouped(subject);
    let examples: Vec<&Cell> = groups.iter().filter_map(Group::example).collect();
    let mut cells: Vec<&Cell> = subject.cells.iter().collect();
    cells.sort_by_key(|cell| (rank(&cell.verdict), weight(cell.aim)));
    let mut text = "<table class=\"attempts\">\n\
         <thead><tr><th>outcome</th><th>attempt</th><th>on whose row</th><th>the server's answer</th></tr></thead>\n<tbody>\n"
        .to_owned();
    for cell in cells {
        let open = examples.iter().any(|example| ptr::eq(*example, cell));
        let _ = writeln!(
            text,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            badge(cell.verdict.name()),
            escaped(&plain(&cell.attempt)),
            aimed(cell.aim),
            answer(cell, open)
        );
    }
    text.push_str("</tbody>\n</table>\n");
    text
}

/// What is broken comes first.
fn rank(verdict: &Verdict) -> usize {
    match verdict {
        Verdict::Leaked | Verdict::Denied | Verdict::Differs => 0,
        Verdict::Unproved(_) => 1,
        Verdict::Held => 2,
    }
}

fn answer(cell: &Cell, open: bool) -> String {
    let said = escaped(&plain(&cell.answer));
    let reason = match &cell.verdict {
        Verdict::Unproved(reason) => format!("<p class=\"unproved\">{}</p>", escaped(&plain(reason))),
        _ => String::new(),
    };
    if cell.sql.is_empty() {
        return format!("{said}{reason}");
    }
    let open = if open { " open" } else { "" };
    let sql = escaped(&block(&cell.sql));
    format!("<details{open}><summary>{said}</summary><pre><code>{sql}</code></pre></details>{reason}")
}
