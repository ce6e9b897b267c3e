//! The few colours of the tool.

use std::fmt::Display;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

pub(crate) const PLAIN: Style = Style::new();
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const CARE: Style = AnsiColor::Yellow.on_default();
pub(crate) const WRONG: Style = AnsiColor::Red.on_default().bold();
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();

/// The text in a style. What a database calls its objects cannot steer the terminal.
pub(crate) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{}{style:#}", plain(text))
}

/// The text on one line: a name with a line break in it must not be taken for two lines of a log, and one with marks that turn
/// the direction of writing must not be shown as another name.
pub(crate) fn plain(text: impl Display) -> String {
    escaped(&text.to_string(), is_unseen)
}

/// SQL, or another text of several lines, with its line breaks and tabs.
pub(crate) fn block(text: impl Display) -> String {
    escaped(&text.to_string(), |c| is_unseen(c) && c != '\n' && c != '\t')
}

/// The text with some of its characters as `\u{202e}`.
fn escaped(text: &str, is_meant: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_meant(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a terminal acts on a character rather than show it: controls, line breaks of every kind, and the marks of
/// [Unicode's bidirectional algorithm](https://www.unicode.org/reports/tr9/).
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

/// A number of things: `1 step`, `2 steps`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// A span for people: `40 ms`, `1.4 s`, `12 s`, `3 min 5 s`.
pub(crate) fn took(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 => format!("{} ms", span.as_millis()),
        1..10 => format!("{:.1} s", span.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BOLD, block, paint, plain, took};

    #[test]
    fn spans_are_for_people() {
        for (millis, shown) in [(40, "40 ms"), (1_240, "1.2 s"), (59_900, "59 s"), (185_000, "3 min 5 s")] {
            assert_eq!(took(Duration::from_millis(millis)), shown);
        }
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(paint(BOLD, "a\u{1b}[2Jb"), "\u{1b}[1ma\\u{1b}[2Jb\u{1b}[0m");
        for unseen in
            "\n\r\t\u{7f}\u{85}\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}"
                .chars()
        {
            let shown = format!("a\\u{{{:x}}}b", u32::from(unseen));
            assert_eq!(plain(format!("a{unseen}b")), shown);
            assert_eq!(block(format!("a{unseen}b")) == shown, !matches!(unseen, '\n' | '\t'), "{shown}");
        }
        assert_eq!(plain("größe 表 ع ‍"), "größe 表 ع ‍");
    }
}
