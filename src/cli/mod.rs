//! The tool `tenantry`. Its README section and `tenantry --help` say what it does.

mod args;
mod completions;
mod connect;
mod failure;
mod files;
mod from;
mod init;
mod map;
mod output;
mod plan;
mod source;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::{Args, Command, Global};
use failure::{Exit, Failure};
use output::Terminal;

/// Runs the tool with the arguments of this process, and says how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let terminal = Terminal::foreseen(&arguments);
    let command = Args::command().color(terminal.clap_color());
    let parsed = command.try_get_matches_from(arguments).and_then(|found| Args::from_arg_matches(&found));
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
    match command {
        Command::Init(arguments) => init::run(&arguments, global, terminal),
        Command::Plan(arguments) => plan::run(&arguments, global, terminal),
        Command::Map(arguments) => map::run(&arguments, global, terminal),
        Command::Completions(arguments) => completions::run(&arguments, terminal),
    }
}
