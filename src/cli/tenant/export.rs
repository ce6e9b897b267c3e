//! `tenantry tenant export`.

use std::path::PathBuf;

use super::show;
use crate::cli::args::{Global, help};
use crate::cli::connect;
use crate::cli::failure::{Exit, Failure, causes};
use crate::cli::output::Terminal;
use crate::cli::seal::SealOptions;
use crate::cli::source::{Live, manifest};
use crate::transfer::Export;
use crate::transfer::archive::ArchiveWriter;

const EXAMPLES: &str = "\
tenantry tenant export 42 --out tenant-42             write a tenant's rows into a folder
tenantry tenant export 42 --out tenant-42 --jobs 4    read four tables at once";

/// Write the rows of a tenant into a folder
///
/// All tables are read by one snapshot, as they were at one moment. The login has to be a member of the owner of the manifest or of its
/// app role, whom policies bind.
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES))]
pub(super) struct Arguments {
    /// The tenant
    #[arg(value_name = "TENANT")]
    tenant: String,

    /// The folder, which is made if it is not there. What an export left in it that did not come to its end is replaced
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,

    /// How many tables are read at once, each by a connection of its own
    #[arg(long, value_name = "NUMBER", default_value = "2", value_parser = clap::value_parser!(u8).range(1..=32))]
    jobs: u8,

    #[command(flatten)]
    seal: SealOptions,
}

pub(super) fn run(arguments: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let key = arguments.seal.key()?;
    let manifest = manifest(&global.config)?;
    connect::wait(async {
        let Live { session, catalog } = Live::open(global, terminal).await?;
        let name = session.name().to_owned();
        let (mut client, way) = session.into_client();
        let mut others = Vec::new();
        for _ in 1..arguments.jobs {
            let opened = way.open().await.map_err(|error| {
                let failure = Failure::database("a further connection was refused").help("try fewer --jobs");
                causes(&error).into_iter().fold(failure, Failure::cause)
            });
            others.push(opened?);
        }
        let tenant = &arguments.tenant;
        let first = Export::begin(&mut client, &manifest, &catalog, tenant, key.as_ref()).await?;
        let snapshot = first.snapshot().await?;
        let mut exports = vec![first];
        for client in &mut others {
            exports.push(Export::join(client, &manifest, &catalog, tenant, key.as_ref(), &snapshot).await?);
        }
        let writer = ArchiveWriter::create(&arguments.out)?;
        let progress = show::Progress::new(terminal);
        let described =
            writer.write_all(&exports, &manifest, &catalog, |table, of| progress.see(table, of)).await?;
        let heading = format!("Exported from {name} into {}", arguments.out.display());
        show::exported(&heading, &described, terminal)?;
        Ok(Exit::Clean)
    })
}
