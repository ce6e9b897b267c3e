//! How the examples talk to the person at the terminal.

use std::error::Error;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

fn styled(code: &str, text: &str) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if plain || !std::io::stdout().is_terminal() {
        text.to_owned()
    } else {
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Begins a part of the story.
pub fn title(text: &str) {
    println!("\n{}", styled("1;36", text));
}

/// What is tried, as a person would write it.
pub fn tries(text: &str) {
    println!("  {} {}", styled("2", ">"), styled("2", text));
}

/// What came of it.
pub fn gets(text: &str) {
    println!("    {text}");
}

/// What the library or the database refused, which is what it is there for.
pub fn refused(error: &dyn Error) {
    println!("    {} {error}", styled("1;33", "refused:"));
}

/// A promise that was kept.
pub fn holds(text: &str) {
    println!("    {} {text}", styled("1;32", "ok:"));
}

/// Shows log lines of level INFO and above between the lines of the story.
pub(super) fn show_log() {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .with_writer(|| LogLine)
        .init();
}

struct LogLine;

impl std::io::Write for LogLine {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        println!("    {} {}", styled("35", "log:"), text.trim());
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The end of an example that did not work.
pub fn failed(error: &dyn Error) -> ExitCode {
    eprintln!("\n{} {error}", styled("1;31", "error:"));
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  caused by: {error}");
        cause = error.source();
    }
    ExitCode::FAILURE
}

/// The middle one of the times.
pub fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
