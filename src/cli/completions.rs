//! `tenantry completions`: what a shell needs to complete the tool's arguments.

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::{Args, help};
use super::failure::{Exit, Failure};
use super::output::Terminal;

const EXAMPLES: &str = "\
tenantry completions bash > ~/.local/share/bash-completion/completions/tenantry
tenantry completions zsh > ~/.zfunc/_tenantry
tenantry completions fish > ~/.config/fish/completions/tenantry.fish";

/// Print the completion script of a shell
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES))]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, terminal: Terminal) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Args::command(), "tenantry", &mut script);
    terminal.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Clean)
}
