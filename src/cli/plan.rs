//! `tenantry plan`.

use super::args::Global;
use super::connect::{self, Session};
use super::failure::{Exit, Failure};
use super::output::Terminal;

/// To come
#[derive(clap::Args)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let name = connect::wait(async {
        let session = Session::open(global.database_url.as_deref(), terminal).await?;
        let name = format!("{} {}\n", session.name, session.version);
        session.close().await;
        Ok(name)
    })?;
    terminal.print(&name)?;
    Ok(Exit::Clean)
}
