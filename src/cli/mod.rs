//! The tool `tenantry`. Its README section and `tenantry --help` say what it does.

mod adopt;
mod args;
mod audit;
mod completions;
mod connect;
mod explain;
mod failure;
mod files;
mod findings;
mod forward;
mod from;
mod init;
mod lint;
mod map;
mod migrate;
mod output;
mod plan;
mod prove;
mod seal;
mod server;
mod since;
mod source;
mod tenant;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches};

use args::{Args, Command, Global};
use failure::{Exit, Failure};
use output::Terminal;
use output::layout::Width;

/// Runs the tool with the arguments of this process, and says how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let terminal = Terminal::foreseen(&arguments);
    let command = Args::command().color(terminal.clap_color()).term_width(Width::of_output().columns());
    let parsed = command.try_get_matches_from(arguments).and_then(|found| {
        let mut args = Args::from_arg_matches(&found)?;
        args.global.config_is_named = found.value_source("config") == Some(ValueSource::CommandLine);
        Ok(args)
    });
    match parsed {
        Ok(args) => {
            let terminal = Terminal::new(args.global.format, args.global.color);
            match run(args.command, &args.global, terminal) {
                Ok(exit) => exit.into(),
                Err(failure) => terminal.fail(&failure),
            }
        }
        Err(error) => terminal.arguments(&error),
    }
}

fn run(command: Command, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    if global.format.is_of_findings() && !matches!(command, Command::Lint(_) | Command::Audit(_)) {
        return Err(Failure::usage(format!(
            "{} is a form of findings, which lint and audit have",
            global.format
        ))
        .help("choose --format human or json"));
    }
    match command {
        Command::Adopt(arguments) => adopt::run(&arguments, global, terminal),
        Command::Init(arguments) => init::run(&arguments, global, terminal),
        Command::Plan(arguments) => plan::run(&arguments, global, terminal),
        Command::Lint(arguments) => lint::run(&arguments, global, terminal),
        Command::Audit(arguments) => audit::run(&arguments, global, terminal),
        Command::Prove(arguments) => prove::run(&arguments, global, terminal),
        Command::Explain(arguments) => explain::run(&arguments, terminal),
        Command::Seal(arguments) => seal::run(&arguments, global, terminal),
        Command::Migrate(arguments) => migrate::run(&arguments, global, terminal),
        Command::Tenant(arguments) => tenant::run(&arguments, global, terminal),
        Command::Map(arguments) => map::run(&arguments, global, terminal),
        Command::Completions(arguments) => completions::run(&arguments, terminal),
    }
}
