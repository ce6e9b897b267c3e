//! Lines of TOML under one another, with their signs of equality and their comments in columns.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a line of comment is wrapped at.
const WIDTH: usize = 100;

/// A line whose own text is longer does not push the comments of the others aside.
const LONG: usize = 112;

/// A comment that is longer stands above its line.
const BESIDE: usize = 90;

/// A comment that stands at so many lines goes above them.
const OFTEN: usize = 3;

/// A line of the file.
pub(super) struct Line {
    /// What stands before the sign of equality; a line without is text alone.
    key: Option<String>,
    text: String,
    comment: String,
    /// What goes before all of it.
    before: &'static str,
    /// What goes before the comment.
    sign: &'static str,
}

pub(super) fn line(key: &str, value: impl Into<String>, comment: &str) -> Line {
    Line { key: Some(key.to_owned()), text: value.into(), comment: plain(comment), before: "", sign: "# " }
}

impl Line {
    /// A comment of its own.
    pub(super) fn comment(text: &str) -> Self {
        Self { key: None, text: plain(text), comment: String::new(), before: "# ", sign: "" }
    }

    /// A value that somebody can put elsewhere.
    pub(super) fn option(value: String, comment: &str) -> Self {
        Self { key: None, before: "#   ", sign: "", ..line("", value, comment) }
    }

    /// The same line, commented out.
    pub(super) fn out(self) -> Self {
        Self { before: "# ", ..self }
    }

    /// Whether the comment is too long to stand beside the line.
    fn goes_above(&self) -> bool {
        self.sign == "# " && self.before.is_empty() && self.comment.chars().count() > BESIDE
    }

    fn keyed(&self, width: usize) -> String {
        match &self.key {
            Some(key) => format!(
                "{}{} = {}",
                self.before,
                padded(key, width.saturating_sub(self.before.len())),
                self.text
            ),
            None => format!("{}{}", self.before, self.text),
        }
    }
}

/// The lines under one another, with their signs of equality in a column.
pub(super) fn aligned(lines: &[Line]) -> String {
    let keys = lines.iter().filter_map(|line| Some(line.before.len() + line.key.as_ref()?.chars().count()));
    under_one_another(lines, keys.max().unwrap_or_default())
}

/// The lines under one another, as they are.
pub(super) fn ragged(lines: &[Line]) -> String {
    under_one_another(lines, 0)
}

/// The lines of a list. A comment that stands at several of them goes above these, once.
pub(super) fn list(mut lines: Vec<Line>) -> String {
    let mut often: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines.iter().filter(|line| !line.comment.is_empty()) {
        *often.entry(line.comment.clone()).or_default() += 1;
    }
    often.retain(|_, times| *times >= OFTEN);
    let width =
        lines.iter().filter_map(|line| Some(line.key.as_ref()?.chars().count())).max().unwrap_or_default();
    let mut blocks = Vec::new();
    for common in often.keys() {
        let (mut alike, others): (Vec<Line>, Vec<Line>) =
            lines.into_iter().partition(|line| line.comment == *common);
        for line in &mut alike {
            line.comment.clear();
        }
        blocks.push(format!("{}{}", comment(common), under_one_another(&alike, width)));
        lines = others;
    }
    if !lines.is_empty() {
        blocks.insert(0, under_one_another(&lines, width));
    }
    blocks.join("#\n")
}

fn under_one_another(lines: &[Line], width: usize) -> String {
    let texts: Vec<String> = lines.iter().map(|line| line.keyed(width)).collect();
    let commented =
        texts.iter().zip(lines).filter(|(_, line)| !line.comment.is_empty() && !line.goes_above());
    let column = commented
        .map(|(text, _)| text.chars().count())
        .filter(|width| *width <= LONG)
        .max()
        .unwrap_or_default();
    let mut out = String::new();
    for (text, line) in texts.iter().zip(lines) {
        if line.goes_above() {
            // Under a heading it is not to be taken for more of that.
            out.push_str(if width > 0 { "#\n" } else { "" });
            out.push_str(&comment(&line.comment));
        }
        if line.comment.is_empty() || line.goes_above() {
            out.push_str(text);
        } else {
            let _ = write!(out, "{}  {}{}", padded(text, column), line.sign, line.comment);
        }
        out.push('\n');
    }
    out
}

/// A comment, wrapped.
pub(super) fn comment(text: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in plain(text).split_whitespace() {
        let length = word.chars().count();
        if width == 0 || width + 1 + length > WIDTH {
            out.push_str(if width == 0 { "# " } else { "\n# " });
            width = 2;
        } else {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out.push('\n');
    out
}

/// A name may hold a line break, and what follows one is not part of the comment any more.
fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}
