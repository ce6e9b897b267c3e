//! Lines no wider than the terminal.

use std::fmt::Display;
use std::io;

use anstyle::Style;
use terminal_size::terminal_size_of;

use super::style::{PLAIN, paint, plain};

/// How wide lines are where no terminal says it.
const OF_A_LOG: usize = 100;

/// Wider lines are hard to read, and in narrower ones nothing has room.
const WIDEST: usize = 120;
const NARROWEST: usize = 40;

/// How many columns a line may have. SQL is not broken, nor is a word that is longer than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Width(usize);

impl Width {
    /// Of the standard output.
    pub(crate) fn of_output() -> Self {
        Self::find(variable().as_deref(), columns(terminal_size_of(io::stdout())))
    }

    /// Of the standard error stream.
    pub(crate) fn of_notes() -> Self {
        Self::find(variable().as_deref(), columns(terminal_size_of(io::stderr())))
    }

    /// Of errors and warnings. In a log each is one line, however long, which a search finds.
    pub(crate) fn of_messages() -> Self {
        let terminal = columns(terminal_size_of(io::stderr()));
        if terminal.is_none() && variable().is_none() { Self(usize::MAX) } else { Self::of_notes() }
    }

    /// That of the variable, as `git` and `ls` have it, or else that of the terminal.
    fn find(variable: Option<&str>, terminal: Option<usize>) -> Self {
        let variable = variable.and_then(|text| text.parse().ok()).filter(|columns| *columns > 0);
        Self(variable.or(terminal).map_or(OF_A_LOG, |columns| columns.clamp(NARROWEST, WIDEST)))
    }

    /// So many columns.
    #[cfg(test)]
    pub(crate) fn of(columns: usize) -> Self {
        Self(columns)
    }

    pub(crate) fn columns(self) -> usize {
        self.0
    }

    /// What is left of it beside something that takes so many columns of each line.
    pub(crate) fn within(self, taken: usize) -> Self {
        Self(self.0.saturating_sub(taken))
    }

    /// Running text behind something that takes so many columns of its first line; further lines are indented.
    pub(crate) fn hang(self, taken: usize, indent: usize, style: Style, text: impl Display) -> String {
        let lines = self.lines(&plain(text), taken, indent);
        let painted: Vec<String> = lines.iter().map(|line| paint(style, line)).collect();
        painted.join(&format!("\n{}", " ".repeat(indent)))
    }

    /// Running text in lines of its own, each after an indent.
    pub(crate) fn wrap(self, indent: usize, text: impl Display) -> String {
        self.wrap_in(indent, PLAIN, text)
    }

    /// The same in a style.
    pub(crate) fn wrap_in(self, indent: usize, style: Style, text: impl Display) -> String {
        format!("{}{}\n", " ".repeat(indent), self.hang(indent, indent, style, text))
    }

    fn lines(self, text: &str, taken: usize, indent: usize) -> Vec<String> {
        let mut lines = vec![String::new()];
        let mut room = self.0.saturating_sub(taken);
        let more = self.0.saturating_sub(indent);
        for word in text.split_whitespace() {
            let length = word.chars().count();
            match lines.last_mut() {
                // A word that is too long for any line stands where it is.
                Some(line) if line.is_empty() && (length <= room || room >= more) => line.push_str(word),
                Some(line) if !line.is_empty() && line.chars().count() + 1 + length <= room => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => {
                    room = more;
                    lines.push(word.to_owned());
                }
            }
        }
        lines
    }

    /// Names, each with what is said of it in a column beside them, or below a name that is too long for that.
    pub(crate) fn rows(self, indent: usize, rows: &[Row]) -> String {
        self.rows_at(self.column(indent, rows), indent, rows)
    }

    /// How wide the column of the names is, so that there is room beside it.
    pub(crate) fn column(self, indent: usize, rows: &[Row]) -> usize {
        let longest = |cells: &mut dyn Iterator<Item = usize>, limit: usize| {
            cells.filter(|length| *length <= limit).max().unwrap_or_default()
        };
        let said = longest(&mut rows.iter().map(|row| row.said.length()), usize::MAX);
        let room = self.0.saturating_sub(indent + 2 + said.min(self.0 * 2 / 5));
        let beside = rows.iter().filter(|row| !row.said.text.is_empty());
        longest(&mut beside.map(|row| row.name.length()), room)
    }

    /// The same with a column that is as wide as that of other rows.
    pub(crate) fn rows_at(self, column: usize, indent: usize, rows: &[Row]) -> String {
        let margin = " ".repeat(indent);
        let mut text = String::new();
        for Row { name, said } in rows {
            let length = name.length();
            let at = indent + column + 2;
            text.push_str(&margin);
            if said.text.is_empty() {
                text.push_str(&self.hang(indent, indent + 2, name.style, &name.text));
            } else if length <= column {
                let padded = format!("{:<column$}", name.text);
                text += &paint(name.style, padded);
                text.push_str("  ");
                text += &self.hang(at, at, said.style, &said.text);
            } else if indent + length + 2 + said.length() <= self.0 {
                text += &paint(name.style, &name.text);
                text.push_str("  ");
                text += &paint(said.style, &said.text);
            } else {
                text += &self.hang(indent, indent + 2, name.style, &name.text);
                text.push('\n');
                text += &" ".repeat(at);
                text += &self.hang(at, at, said.style, &said.text);
            }
            text.push('\n');
        }
        text
    }
}

fn variable() -> Option<String> {
    std::env::var("COLUMNS").ok()
}

/// How many columns a terminal has that knows it.
fn columns(size: Option<(terminal_size::Width, terminal_size::Height)>) -> Option<usize> {
    size.map(|(width, _)| usize::from(width.0)).filter(|columns| *columns > 0)
}

/// A name and what is said of it.
pub(crate) struct Row {
    name: Cell,
    said: Cell,
}

impl Row {
    pub(crate) fn new(name: Cell, said: Cell) -> Self {
        Self { name, said }
    }
}

/// A text on one line, in a style.
pub(crate) struct Cell {
    style: Style,
    text: String,
}

impl Cell {
    pub(crate) fn new(style: Style, text: impl Display) -> Self {
        Self { style, text: plain(text) }
    }

    pub(crate) fn of(text: impl Display) -> Self {
        Self::new(PLAIN, text)
    }

    pub(crate) fn style(&self) -> Style {
        self.style
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn length(&self) -> usize {
        self.text.chars().count()
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Row, Width};
    use crate::cli::output::style::{BOLD, PLAIN};

    #[test]
    fn the_variable_goes_before_the_terminal_and_nothing_is_too_narrow() {
        for (variable, terminal, width) in [
            (None, None, 100),
            (None, Some(80), 80),
            (Some("60"), Some(80), 60),
            (Some("60"), None, 60),
            (Some("0"), Some(80), 80),
            (Some("wide"), None, 100),
            (None, Some(300), 120),
            (None, Some(7), 40),
        ] {
            assert_eq!(Width::find(variable, terminal), Width(width), "{variable:?} {terminal:?}");
        }
    }

    #[test]
    fn running_text_keeps_to_its_width() {
        assert_eq!(Width(100).wrap(2, "a b  c"), "  a b c\n");
        assert_eq!(Width(100).wrap(0, "a\nb"), "a\\u{a}b\n");
        for width in [40, 60, 100] {
            let text = Width(width).wrap(4, "word ".repeat(50));
            assert!(text.lines().all(|line| line.starts_with("    word") && line.len() <= width), "{text}");
            assert!(text.lines().next().unwrap().len() + 5 > width, "{text}");
            assert_eq!(text.split_whitespace().count(), 50);
        }
        let long = "x".repeat(50);
        assert_eq!(Width(40).wrap(1, format!("a {long} b")), format!(" a\n {long}\n b\n"));
        assert_eq!(Width(40).wrap(1, &long), format!(" {long}\n"));
        assert_eq!(Width(40).hang(20, 2, PLAIN, "x".repeat(21)), format!("\n  {}", "x".repeat(21)));
    }

    #[test]
    fn further_lines_are_in_the_same_style() {
        let text = Width(40).hang(30, 2, BOLD, "twelve chars and more");
        assert_eq!(text, "\u{1b}[1mtwelve\u{1b}[0m\n  \u{1b}[1mchars and more\u{1b}[0m");
    }

    #[test]
    fn what_is_said_stands_beside_names_or_below_long_ones() {
        let rows = |width: usize, names: &[&str]| {
            let rows: Vec<Row> = names
                .iter()
                .map(|name| Row::new(Cell::of(name), Cell::of("is said of it, and this too")))
                .collect();
            Width(width).rows(1, &rows)
        };
        assert_eq!(
            rows(60, &["a", "name"]),
            " a     is said of it, and this too\n name  is said of it, and this too\n"
        );
        assert_eq!(
            rows(40, &["name", "a_name_that_takes_half_a_line"]),
            " name  is said of it, and this too\n a_name_that_takes_half_a_line\n       is said of it, and this too\n"
        );
        assert_eq!(
            rows(40, &["a_name_of_20_letters"]),
            " a_name_of_20_letters  is said of it,\n                       and this too\n"
        );
    }
}
