//! `tenantry map`: the tenancy of a schema as a picture.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::{Value, json};

use super::args::{Global, help};
use super::failure::{Exit, Failure};
use super::files::{self, Existing, NewFile};
use super::output::layout::Width;
use super::output::style::{GOOD, PLAIN, paint};
use super::output::{self, Terminal};
use super::source::{Source, SqlFiles, manifest};
use crate::plan::map;

const EXAMPLES: &str = "\
tenantry map --out tenancy.svg                     for a browser
tenantry map --style mermaid                       for Markdown, in a block of mermaid
tenantry map --style dot | dot -Tpdf > tenancy.pdf    for Graphviz";

/// Draw the tenancy of a schema: whose rows each table holds, and the foreign keys between them
///
/// What nobody has classified, and what is open to other tenants, stands out.
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES))]
pub(super) struct Arguments {
    #[command(flatten)]
    files: SqlFiles,

    /// The language of the picture: mermaid, dot or svg [default: that of the file's name, or mermaid]
    #[arg(long, value_enum, value_name = "LANGUAGE", hide_possible_values = true)]
    style: Option<Style>,

    /// Write to this file, as a whole or not at all; - or none prints it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Replace the file if it is there
    #[arg(long, requires = "out")]
    force: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Style {
    #[default]
    Mermaid,
    Dot,
    Svg,
}

impl Style {
    fn name(self) -> &'static str {
        match self {
            Self::Mermaid => "mermaid",
            Self::Dot => "dot",
            Self::Svg => "svg",
        }
    }

    /// What a file of this name is taken to be.
    fn of_file(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "mmd" | "mermaid" => Some(Self::Mermaid),
            "dot" | "gv" => Some(Self::Dot),
            "svg" => Some(Self::Svg),
            _ => None,
        }
    }
}

pub(super) fn run(arguments: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let out = arguments.out.as_deref().filter(|path| !files::is_standard_output(path));
    let style = arguments.style.or(out.and_then(Style::of_file)).unwrap_or_default();
    let manifest = manifest(&global.config)?;
    let source = Source::read(&arguments.files, &manifest, global, terminal)?;
    let map = map(&manifest, &source.catalog);
    let text = match style {
        Style::Mermaid => map.mermaid(),
        Style::Dot => map.dot(),
        Style::Svg => map.svg(),
    };
    let summary = map.summary();
    if let Some(path) = out {
        let existing = if arguments.force { Existing::Replace } else { Existing::Refuse };
        files::write(&[NewFile { path: path.to_owned(), text: text.clone().into() }], existing)?;
    }
    if !terminal.is_json() {
        terminal.aside(|width| output::not_followed(&source.opaque, width));
    }
    let human = |width: Width| match out {
        Some(path) => {
            let said = format!("{}: {summary}", path.display());
            format!("{} {}\n", paint(GOOD, "wrote"), width.hang(6, 2, PLAIN, said))
        }
        None => text.clone(),
    };
    terminal.result(human, || fields(style, out, &summary, &text, &source))?;
    Ok(Exit::Clean)
}

fn fields(style: Style, file: Option<&Path>, summary: &str, text: &str, source: &Source) -> Value {
    json!({
        "style": style.name(),
        "file": file.map(|path| path.display().to_string()),
        "summary": summary,
        "map": text,
        "opaque": output::opaque(&source.opaque),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Style;

    #[test]
    fn a_files_name_says_what_is_in_it() {
        for (name, style) in [
            ("a.svg", Some(Style::Svg)),
            ("a.b.GV", Some(Style::Dot)),
            ("a.mmd", Some(Style::Mermaid)),
            ("svg", None),
            ("a.png", None),
        ] {
            assert_eq!(Style::of_file(Path::new(name)), style, "{name}");
        }
    }
}
