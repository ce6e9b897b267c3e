//! What was tried on each subject, and how much of it held: a line for each.

use std::fmt::Write as _;

use anstyle::Style;

use super::report::{Column, Report, Tally};
use super::show::style_of;
use crate::cli::output::layout::Width;
use crate::cli::output::style::{CARE, DIM, PLAIN, paint, plain};
use crate::prove::{Aim, Subject};

/// The least that is left for names beside the columns.
const NARROWEST: usize = 12;

/// A line of the matrix.
struct Line {
    name: String,
    cells: Vec<(Style, String)>,
}

pub(super) fn text(report: &Report<'_>, width: Width) -> String {
    let columns = report.columns();
    let mut text = String::new();
    for subject in report.proof.subjects.iter().filter(|subject| is_of_a_session(subject)) {
        let tally = Tally::of(&subject.cells);
        let said = if tally.held == tally.all() { format!("{} held", tally.all()) } else { tally.said() };
        let taken = 2 + plain(&subject.name).chars().count();
        let said = width.hang(taken, 2, style_of(&tally.wrong()), said);
        let _ = writeln!(text, "{}  {said}", plain(&subject.name));
    }
    let rest =
        report.proof.subjects.iter().filter(|subject| subject.apart.is_none() && !is_of_a_session(subject));
    let lines: Vec<Line> = rest.map(|subject| line(subject, &columns)).collect();
    if lines.is_empty() {
        return text;
    }
    let titles: Vec<&str> = columns.iter().map(|(title, _)| *title).collect();
    let widths: Vec<usize> = (0..columns.len()).map(|at| widest(&titles, &lines, at)).collect();
    let beside: usize = widths.iter().map(|column| column + 2).sum();
    text.push('\n');
    text.push_str(&if columns.is_empty() || beside + NARROWEST > width.columns() {
        listed(&titles, &lines, width)
    } else {
        tabled(&titles, &widths, &lines, width)
    });
    text
}

fn is_of_a_session(subject: &Subject) -> bool {
    subject.cells.iter().any(|cell| cell.aim == Aim::Session) || subject.kind == "session"
}

fn line(subject: &Subject, columns: &[Column]) -> Line {
    let name = match subject.kind {
        "table" => plain(&subject.name),
        kind => format!("{} ({kind})", plain(&subject.name)),
    };
    if subject.cells.is_empty() {
        return Line { name, cells: vec![(CARE, "nothing was tried".to_owned())] };
    }
    let cell = |column: &Column| {
        let tally = Tally::of_column(subject, *column);
        let text = if tally.all() == 0 { String::new() } else { tally.said() };
        (style_of(&tally.wrong()), text)
    };
    Line { name, cells: columns.iter().map(cell).collect() }
}

fn widest(titles: &[&str], lines: &[Line], at: usize) -> usize {
    // What is said instead of numbers stands in the first column, and may reach into the others.
    let of_lines = lines.iter().filter(|line| line.cells.len() == titles.len());
    let cells = of_lines.filter_map(|line| line.cells.get(at)).map(|(_, text)| text.len());
    cells.chain(titles.get(at).map(|title| title.len())).max().unwrap_or_default()
}

/// Beside the names, or below those that are too long for it.
fn tabled(titles: &[&str], widths: &[usize], lines: &[Line], width: Width) -> String {
    let room = width.columns() - widths.iter().map(|column| column + 2).sum::<usize>();
    let fitting = lines.iter().map(|line| line.name.chars().count()).filter(|length| *length <= room);
    let column = fitting.max().unwrap_or(NARROWEST).max(NARROWEST.min(room));
    let row = |cells: &mut dyn Iterator<Item = (Style, &str)>| {
        let mut text = String::new();
        let mut space = 2;
        for (at, (style, cell)) in cells.enumerate() {
            let width = widths.get(at).copied().unwrap_or_default();
            if !cell.is_empty() {
                text.push_str(&" ".repeat(space));
                text.push_str(&paint(style, cell));
                space = 0;
            }
            space += width.saturating_sub(cell.len()) + 2;
        }
        text
    };
    let head = row(&mut titles.iter().map(|title| (DIM, *title)));
    let mut text = format!("{}{head}\n", " ".repeat(column));
    for line in lines {
        let length = line.name.chars().count();
        let cells = row(&mut line.cells.iter().map(|(style, text)| (*style, text.as_str())));
        if length <= column {
            let _ = writeln!(text, "{}{}{cells}", line.name, " ".repeat(column - length));
        } else {
            let name = width.hang(0, 2, PLAIN, &line.name);
            let _ = writeln!(text, "{name}\n{}{cells}", " ".repeat(column));
        }
    }
    text
}

/// Below the names, where there is no room for columns.
fn listed(titles: &[&str], lines: &[Line], width: Width) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(&width.hang(0, 2, PLAIN, &line.name));
        text.push('\n');
        for (at, (style, cell)) in line.cells.iter().enumerate().filter(|(_, (_, cell))| !cell.is_empty()) {
            let title = titles.get(at).filter(|_| line.cells.len() == titles.len());
            match title {
                Some(title) => {
                    let label = paint(DIM, format!("{title:<8}"));
                    let _ = writeln!(text, "  {label}  {}", width.hang(12, 12, *style, cell));
                }
                None => text.push_str(&width.wrap_in(2, *style, cell)),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::cli::output::layout::Width;
    use crate::cli::prove::report::Unproved;
    use crate::cli::prove::specimen;

    fn shown(columns: usize) -> String {
        let proof = specimen::wrong();
        let text = text(&specimen::report(&proof, Unproved::Fails), Width::of(columns));
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn columns_stand_below_their_titles() {
        let text = shown(100);
        let lines: Vec<&str> = text.lines().collect();
        let at =
            |line: &str, part: &str| line.find(part).unwrap_or_else(|| panic!("{part} in {line}: {text}"));
        let (head, invoice) = (lines[2], lines[3]);
        assert!(head.split_whitespace().eq(["own", "other", "below", "nobody's", "none"]), "{text}");
        assert_eq!(at(head, "own"), at(invoice, "1 denied of 2"), "{text}");
        assert_eq!(at(head, "other"), at(invoice, "40 leaked"), "{text}");
        assert_eq!(at(head, "none"), at(invoice, "1 differs"), "{text}");
        assert!(text.contains("1 leaked, 2 unproved of 3"), "{text}");
        assert!(text.contains("nothing was tried\n"), "{text}");
        assert!(!text.contains("public.ledger"), "{text}");
    }

    #[test]
    fn where_there_is_no_room_for_columns_each_has_a_line() {
        let text = shown(60);
        assert!(
            text.contains(
                "\npublic.invoice\n  own       1 denied of 2\n  other     40 leaked\n  none      1 differs\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn columns_that_nothing_has_are_left_out() {
        let proof = specimen::held();
        let text = text(&specimen::report(&proof, Unproved::Fails), Width::of(100));
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(text.ends_with("\n                own  other\npublic.invoice  1    1\n"), "{text}");
    }
}
