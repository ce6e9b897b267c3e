//! `tenantry map`.

use super::args::Global;
use super::failure::{Exit, Failure};
use super::output::Terminal;
use super::source::Source;

/// To come
#[derive(clap::Args)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    terminal.print(&Source::live(global, terminal)?.name)?;
    Ok(Exit::Clean)
}
