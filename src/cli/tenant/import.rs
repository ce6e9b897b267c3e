//! `tenantry tenant import`.

use std::path::PathBuf;

use super::show;
use crate::cli::args::{Global, help};
use crate::cli::connect;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Terminal;
use crate::cli::seal::SealOptions;
use crate::cli::source::{Live, manifest};
use crate::transfer::Import;
use crate::transfer::archive::Archive;

const EXAMPLES: &str = "\
tenantry tenant import tenant-42            write a tenant's rows into a database in which it has none
tenantry tenant import tenant-42 --as 43    the same as another tenant";

/// Write the rows of a tenant into a database in which it has none
///
/// All of them, or none: it is one transaction. The rows are written as the system role of the manifest, and then looked at as the
/// tenant: one that the policies do not show to it undoes everything. The login has to be able to become the system role, and the owner
/// or the app role.
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES))]
pub(super) struct Arguments {
    /// The folder that an export has written
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,

    /// Another tenant, whose rows they are to be. What is unique among all tenants, as a key without the tenant column, must not be
    /// there yet
    #[arg(long = "as", value_name = "TENANT")]
    tenant: Option<String>,

    #[command(flatten)]
    seal: SealOptions,
}

pub(super) fn run(arguments: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let key = arguments.seal.key()?;
    let archive = Archive::open(&arguments.folder)?;
    let manifest = manifest(&global.config)?;
    let tenant = arguments.tenant.as_deref().unwrap_or(&archive.description().tenant);
    connect::wait(async {
        let Live { mut session, catalog } = Live::open(global, terminal).await?;
        let import = Import::begin(&mut session.client, &manifest, &catalog, tenant, key.as_ref()).await?;
        let progress = show::Progress::new(terminal);
        let imported = archive.write_into(import, |table, of| progress.see(table, of)).await?;
        let name = session.close().await;
        let heading = format!("Imported from {} into {name}", arguments.folder.display());
        show::imported(&heading, &imported, terminal)?;
        Ok(Exit::Clean)
    })
}
