//! `tenantry audit`: the rules over a live database.

use super::args::{Global, help};
use super::connect;
use super::failure::{Exit, Failure};
use super::findings::{self, Looked};
use super::output::Terminal;
use super::source::{Live, manifest};
use crate::rule::audit;

const EXAMPLES: &str = "\
tenantry audit                                       what is wrong with the database now
tenantry audit --fail-on high                        exit code 1 from severity high on
tenantry audit --baseline known.toml --write-baseline    take what is there now as known
tenantry explain view-definer                        what a rule is about";

/// Look for what lets tenants reach each other's rows in a live database
///
/// Reads the catalogs in one snapshot, and changes nothing. Rules are the same as those of tenantry lint, and a few more
/// that only a server can answer.
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES))]
pub(super) struct Arguments {
    #[command(flatten)]
    findings: findings::Options,
}

pub(super) fn run(arguments: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let manifest = manifest(&global.config)?;
    let (catalog, name) = connect::wait(async {
        let Live { session, catalog } = Live::open(global, terminal).await?;
        Ok((catalog, session.close().await))
    })?;
    let config = global.config.display().to_string();
    let looked = Looked {
        name,
        manifest: &manifest,
        config: &config,
        sources: &[],
        is_wanted: &|_| true,
        assumptions: Vec::new(),
        server: None,
    };
    findings::show(audit(&manifest, &catalog), &looked, &arguments.findings, global, terminal)
}
