//! `tenantry init`: a first manifest for a database that has none.

mod show;

use std::path::PathBuf;
use std::time::Duration;

use super::args::{Global, help};
use super::connect;
use super::failure::{Exit, Failure};
use super::files::{self, Existing, NewFile};
use super::output::Terminal;
use super::source::Live;
use crate::catalog::facts;
use crate::ident::{Ident, SettingName};
use crate::plan::{Facts, Hints, nullable_tenant_columns, propose};

const EXAMPLES: &str = "\
tenantry init                               read the database, write tenantry.toml
tenantry init --schema erp --app erp_app    of one schema, for services that log in as erp_app
tenantry init --out -                       print it and write nothing";

/// How long the look into a table for rows without a tenant may take. What was not found out by then is left to people.
const PATIENCE: Duration = Duration::from_secs(5);

/// Read a database and propose tenantry.toml, with a reason for each table
///
/// Changes nothing in the database. What it does not plainly say is left to you, with the answers to choose from: it is
/// of class undecided in the file, which no other command takes.
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES))]
pub(super) struct Arguments {
    /// A schema whose tables are governed, and no others. Can be given several times [default: all]
    #[arg(long = "schema", value_name = "NAME")]
    schemas: Vec<String>,

    /// The tenant column [default: the one that plainly is]
    #[arg(long, value_name = "NAME")]
    column: Option<String>,

    /// The role that services log in as [default: the one that plainly is]
    #[arg(long, value_name = "ROLE")]
    app: Option<String>,

    /// The role that owns the tables [default: the one that does]
    #[arg(long, value_name = "ROLE")]
    owner: Option<String>,

    /// The role for work across tenants [default: the one with BYPASSRLS]
    #[arg(long, value_name = "ROLE")]
    system: Option<String>,

    /// The setting that carries the tenant [default: the one that policies read, or the usual one]
    #[arg(long, value_name = "NAME")]
    setting: Option<String>,

    /// Write to this file instead of that of --config; - prints it, and the report on the standard error stream
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

impl Arguments {
    fn hints(&self) -> crate::error::Result<Hints> {
        let ident = |name: &Option<String>| name.as_deref().map(Ident::new).transpose();
        Ok(Hints {
            schemas: self.schemas.iter().map(Ident::new).collect::<crate::error::Result<_>>()?,
            column: ident(&self.column)?,
            setting: self.setting.as_deref().map(SettingName::new).transpose()?,
            support_schema: None,
            app: ident(&self.app)?,
            owner: ident(&self.owner)?,
            system: ident(&self.system)?,
        })
    }
}

pub(super) fn run(arguments: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let hints = arguments.hints()?;
    let path = arguments.out.as_ref().unwrap_or(&global.config);
    let prints = files::is_standard_output(path);
    if !prints && !arguments.force && path.exists() {
        // Before the database is read for nothing.
        return Err(Failure::usage(format!("{} is there already; nothing was written", path.display()))
            .help("replace it with --force, or see what would be written with --out -"));
    }
    let (name, proposal) = connect::wait(async {
        let Live { mut session, catalog } = Live::open(global, terminal).await?;
        let columns = nullable_tenant_columns(&catalog, &hints);
        let null_tenants = facts::null_tenants(&mut session.client, &columns, PATIENCE).await?;
        let facts = Facts { null_tenants };
        Ok((session.close().await, propose(&catalog, &hints, &facts)))
    })?;
    let text = proposal.to_toml();
    if !prints {
        let existing = if arguments.force { Existing::Replace } else { Existing::Refuse };
        files::write(&[NewFile { path: path.clone(), text: text.clone().into() }], existing)?;
    }
    let written = (!prints).then_some(path.as_path());
    let human = |width| show::report(&proposal, &name, written, width);
    if prints && !terminal.is_json() {
        terminal.aside(human);
        terminal.print(&text)?;
    } else {
        terminal.result(human, || show::fields(&proposal, written, &text))?;
    }
    Ok(if proposal.is_settled() { Exit::Clean } else { Exit::Findings })
}
