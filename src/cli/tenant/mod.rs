//! `tenantry tenant`: the rows of one tenant on their way.

mod erase;
mod export;
mod import;
mod show;

use clap::Subcommand;

use super::args::{Global, help};
use super::failure::{Exit, Failure};
use super::output::Terminal;

const EXAMPLES: &str = "\
tenantry tenant export 42 --out tenant-42           write a tenant's rows into a folder
tenantry tenant import tenant-42                    write them into a database in which the tenant has none
tenantry tenant import tenant-42 --as 43            the same as another tenant
tenantry tenant erase 42 --reason 'contract ended'  show what would be deleted; --yes deletes it";

/// Export, import or erase the rows of one tenant
///
/// The rows of a tenant are those of all tables whose class is tenant, child, tree, or shared with a tenant column. They are read through
/// the policies, as that tenant: what belongs to another cannot be among them.
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES), subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Subcommand)]
enum Deed {
    Export(export::Arguments),
    Import(import::Arguments),
    Erase(erase::Arguments),
}

pub(super) fn run(arguments: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    match &arguments.deed {
        Deed::Export(arguments) => export::run(arguments, global, terminal),
        Deed::Import(arguments) => import::run(arguments, global, terminal),
        Deed::Erase(arguments) => erase::run(arguments, global, terminal),
    }
}
