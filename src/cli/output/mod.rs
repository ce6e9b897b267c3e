//! Everything the tool writes to its standard streams.

pub(super) mod layout;
pub(super) mod style;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::failure::{Exit, Failure};
use crate::catalog::replay::Opaque;
use crate::policy::manifest::Problem;
use layout::{Cell, Row, Width};
use style::{CARE, DIM, PLAIN, WRONG, block, count, paint};

/// What the output is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Human,
    /// For programs: one object, with `version: 1`
    Json,
    /// Findings, for code scanning
    Sarif,
    /// Findings, as annotations of a pull request
    Github,
}

impl Format {
    /// Whether it is for findings alone.
    pub(super) fn is_of_findings(self) -> bool {
        matches!(self, Self::Sarif | Self::Github)
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Github => "github",
        })
    }
}

/// Whether the output has colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Even in a pipe
    Always,
    /// Nowhere
    Never,
}

/// The version of the JSON that the tool writes. It changes when a field changes its meaning or goes.
const JSON_VERSION: u32 = 1;

/// The standard streams.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Terminal {
    format: Format,
    color: Color,
}

impl Terminal {
    /// Finds out how to write before the arguments are understood, since what is wrong with them is written too.
    pub(super) fn foreseen(arguments: &[OsString]) -> Self {
        let value = |option: &str| {
            let at = arguments.iter().position(|argument| {
                argument.to_str().is_some_and(|text| {
                    text.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
                })
            })?;
            let text = arguments[at].to_str()?;
            text.split_once('=').map(|(_, value)| value).or_else(|| arguments.get(at + 1)?.to_str())
        };
        Self {
            format: value("--format").and_then(|text| Format::from_str(text, true).ok()).unwrap_or_default(),
            color: value("--color").and_then(|text| Color::from_str(text, true).ok()).unwrap_or_default(),
        }
    }

    pub(super) fn new(format: Format, color: Color) -> Self {
        Self { format, color }
    }

    pub(super) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    pub(super) fn clap_color(self) -> clap::ColorChoice {
        match self.color {
            Color::Auto => clap::ColorChoice::Auto,
            Color::Always => clap::ColorChoice::Always,
            Color::Never => clap::ColorChoice::Never,
        }
    }

    fn choice(self) -> ColorChoice {
        match (self.format, self.color) {
            (Format::Json | Format::Sarif | Format::Github, _) | (_, Color::Never) => ColorChoice::Never,
            (_, Color::Auto) => ColorChoice::Auto,
            (_, Color::Always) => ColorChoice::Always,
        }
    }

    /// Writes the result of a command, in the one form or the other.
    pub(super) fn result(
        self,
        human: impl FnOnce(Width) -> String,
        json: impl FnOnce() -> Value,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.print(&object(json())),
            _ => self.print(&human(Width::of_output())),
        }
    }

    /// Writes an object of which one field is a long list, one item after the other, so that they are never there all at once.
    pub(super) fn long_list(
        self,
        name: &str,
        items: impl Iterator<Item = Value>,
        others: &Map<String, Value>,
    ) -> Result<(), Failure> {
        self.write(|out| {
            write!(out, "{{\"version\":{JSON_VERSION},{}:[", json!(name))?;
            for (at, item) in items.enumerate() {
                write!(out, "{}{item}", if at == 0 { "" } else { "," })?;
            }
            out.write_all(b"]")?;
            for (name, value) in others {
                write!(out, ",{}:{value}", json!(name))?;
            }
            out.write_all(b"}\n")
        })
    }

    /// Writes to the standard output. A reader that has seen enough is no error.
    pub(super) fn print(self, text: &str) -> Result<(), Failure> {
        self.write(|out| out.write_all(text.as_bytes()))
    }

    fn write(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        let mut out = BufWriter::new(AutoStream::new(io::stdout().lock(), self.choice()));
        match write(&mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::usage("the output cannot be written").cause(error.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Writes to the standard error stream what goes with the result.
    pub(super) fn aside(self, human: impl FnOnce(Width) -> String) {
        self.note(&human(Width::of_notes()));
    }

    /// Writes to the standard error stream. If that fails, nobody is left to be told.
    pub(super) fn note(self, text: &str) {
        let mut out = AutoStream::new(io::stderr().lock(), self.choice());
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    pub(super) fn warn(self, line: &str) {
        if self.is_json() {
            self.note(&object(json!({ "warning": line })));
            return;
        }
        let line = Width::of_messages().hang(9, 2, PLAIN, line);
        self.note(&format!("{} {line}\n", paint(CARE.bold(), "warning:")));
    }

    /// Says why the command ended.
    pub(super) fn fail(self, failure: &Failure) -> ExitCode {
        self.note(&match self.format {
            Format::Json => object(json(failure)),
            _ => human(failure, Width::of_messages()),
        });
        failure.exit.into()
    }

    /// Shows the help that was asked for, or what is wrong with the arguments.
    pub(super) fn arguments(self, error: &clap::Error) -> ExitCode {
        let text = error.render();
        if !error.use_stderr() {
            return match self.print(&text.ansi().to_string()) {
                Ok(()) => Exit::Clean.into(),
                Err(failure) => self.fail(&failure),
            };
        }
        match self.format {
            Format::Human | Format::Sarif | Format::Github => {
                self.note(&without_secrets(&text.ansi().to_string()));
            }
            Format::Json => {
                let text = without_secrets(&text.to_string());
                let mut parts = text.splitn(2, "\n\n").map(str::trim);
                let line = parts.next().unwrap_or_default();
                let line = line.strip_prefix("error: ").unwrap_or(line).replace("\n ", "");
                let failure = Failure::usage(line).help(parts.next().unwrap_or_default());
                return self.fail(&failure);
            }
        }
        Exit::Usage.into()
    }
}

/// An object on a line, with the version first.
fn object(fields: Value) -> String {
    let mut text = json!({ "version": JSON_VERSION });
    if let (Value::Object(fields), Value::Object(all)) = (fields, &mut text) {
        all.extend(fields);
    }
    format!("{text}\n")
}

fn human(failure: &Failure, width: Width) -> String {
    let line = width.hang(7, 2, PLAIN, &failure.line);
    let mut text = format!("{} {line}\n", paint(WRONG, "error:"));
    if let Some(flaws) = &failure.flaws {
        text.push_str(&listed(&flaws.problems, &flaws.file, Width::of_notes()));
    }
    for (label, line) in failure
        .causes
        .iter()
        .map(|line| ("cause", line))
        .chain(failure.help.iter().map(|line| ("help", line)))
    {
        // A server's words may have several lines. The bar tells them from lines of a log, and from commands to the CI in it.
        let lines = block(line.trim_end());
        let lines: Vec<String> = lines.lines().map(|line| width.hang(9, 9, PLAIN, line)).collect();
        let lines = lines.join("\n       | ");
        let _ = writeln!(text, "  {} {lines}", paint(DIM, format!("{label:>5}:")));
    }
    text
}

fn json(failure: &Failure) -> Value {
    let mut error = json!({
        "kind": failure.exit.kind(),
        "message": failure.line,
        "causes": failure.causes,
    });
    if let Some(flaws) = &failure.flaws {
        error["file"] = flaws.file.as_str().into();
        error["problems"] = problems(&flaws.problems);
    }
    if let Some(help) = &failure.help {
        error["help"] = help.as_str().into();
    }
    json!({ "error": error })
}

/// Problems, a line for each, behind the place in the file that each is about.
pub(super) fn listed(problems: &[Problem], file: &str, width: Width) -> String {
    let place = |problem: &Problem| match problem.line {
        Some(line) => format!("{file}:{line}"),
        None => file.to_owned(),
    };
    let row = |problem: &Problem| Row::new(Cell::new(DIM, place(problem)), Cell::of(&problem.what));
    width.rows(2, &problems.iter().map(row).collect::<Vec<_>>())
}

/// The statements of files that the model is without, under a title; nothing if there are none.
pub(super) fn not_followed(opaque: &[Opaque], width: Width) -> String {
    if opaque.is_empty() {
        return String::new();
    }
    let place = |of: &Opaque| format!("{}:{}:{}", of.file(), of.line(), of.column());
    let title = format!("{} not followed", count(opaque.len(), "statement"));
    let row = |of: &Opaque| Row::new(Cell::new(DIM, place(of)), Cell::of(of.why()));
    let rows = width.rows(2, &opaque.iter().map(row).collect::<Vec<_>>());
    format!("{}: {}\n{rows}", paint(CARE.bold(), title), paint(DIM, "what is said here leaves them out"))
}

/// The same as JSON has them.
pub(super) fn opaque(opaque: &[Opaque]) -> Value {
    let one =
        |of: &Opaque| json!({ "file": of.file(), "line": of.line(), "column": of.column(), "why": of.why() });
    opaque.iter().map(one).collect()
}

/// Problems as JSON has them everywhere.
pub(super) fn problems(problems: &[Problem]) -> Value {
    problems.iter().map(|problem| json!({ "line": problem.line, "what": problem.what })).collect()
}

/// The text with the passwords of URLs left out: an argument in the wrong place is quoted to whoever wrote it.
fn without_secrets(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str("://");
        let end = part.find(|c: char| c.is_whitespace() || c == '\'' || c.is_control()).unwrap_or(part.len());
        let (url, rest) = part.split_at(end);
        match url.rsplit_once('@') {
            Some((login, place)) if login.contains(':') => {
                let user = login.split(':').next().unwrap_or_default();
                let _ = write!(shown, "{user}:***@{place}{rest}");
            }
            _ => shown.push_str(part),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{Color, Format, Terminal, without_secrets};

    #[test]
    fn the_form_is_found_wherever_it_stands() {
        let foreseen = |line: &str| {
            let arguments: Vec<_> = line.split(' ').map(Into::into).collect();
            let terminal = Terminal::foreseen(&arguments);
            (terminal.format, terminal.color)
        };
        assert_eq!(foreseen("tenantry plan"), (Format::Human, Color::Auto));
        assert_eq!(foreseen("tenantry plan --format json --color=never"), (Format::Json, Color::Never));
        assert_eq!(foreseen("tenantry --color always --formats json"), (Format::Human, Color::Always));
        assert_eq!(foreseen("tenantry plan --format"), (Format::Human, Color::Auto));
    }

    #[test]
    fn the_password_of_a_url_is_left_out() {
        for (text, shown) in [
            (
                "unexpected 'postgres://me:se@cret@db/erp' found",
                "unexpected 'postgres://me:***@db/erp' found",
            ),
            ("postgres://me@db/erp", "postgres://me@db/erp"),
            ("no url", "no url"),
        ] {
            assert_eq!(without_secrets(text), shown);
        }
    }
}
