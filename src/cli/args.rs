//! The arguments that every command takes.

use std::path::PathBuf;

use clap::builder::Styles;
use clap::{Parser, Subcommand};

use super::failure::Exit;
use super::output::layout::{Cell, Row, Width};
use super::output::style::{BOLD, CARE, NAME, WRONG};
use super::output::{Color, Format};
use super::{
    adopt, audit, completions, connect, explain, init, lint, map, migrate, plan, prove, seal, tenant,
};

const STYLES: Styles = Styles::styled()
    .header(BOLD)
    .usage(BOLD)
    .literal(NAME)
    .placeholder(anstyle::Style::new())
    .error(WRONG)
    .valid(NAME)
    .invalid(CARE);

/// Keep the tenants of a PostgreSQL database apart with row-level security
#[derive(Parser)]
#[command(
    name = "tenantry",
    version,
    styles = STYLES,
    after_help = help(EXAMPLES),
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) global: Global,
}

const EXAMPLES: &str = "\
tenantry init                                propose tenantry.toml for a database
tenantry plan                                show the SQL that is missing
tenantry plan --from migrations --check      look for it in files, in CI, without a database
tenantry lint migrations                     look for leaks in SQL files, in CI, without a database
tenantry migrate                             apply migrations, those for each tenant among them
tenantry audit                               look for leaks in a live database
tenantry prove --seed-url URL                try as the app role to reach the rows of other tenants
tenantry adopt customer --tenant 7           give live tables their tenants
tenantry seal add --key-file key             have the database verify what is sealed with a key
tenantry tenant export 42 --out tenant-42    write the rows of one tenant into a folder
tenantry map --out tenancy.svg               see whose rows each table holds";

const FORMAT: &str = "What the output is for: human or json; of lint and audit also sarif and github";

const COLOR: &str = "Colours in the output: auto, always or never; auto heeds NO_COLOR and CLICOLOR_FORCE";

/// What any command can be told.
#[derive(clap::Args)]
#[command(next_help_heading = "Options of all commands")]
pub(super) struct Global {
    /// The manifest, which says whose rows each table holds
    #[arg(long, global = true, value_name = "FILE", default_value = "tenantry.toml")]
    pub(super) config: PathBuf,

    /// Whether the manifest is one that somebody has named.
    #[arg(skip)]
    pub(super) config_is_named: bool,

    #[command(flatten)]
    pub(super) server: connect::Options,

    #[arg(long, global = true, value_enum, value_name = "FORM", default_value_t, hide_possible_values = true, help = FORMAT)]
    pub(super) format: Format,

    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t, hide_possible_values = true, help = COLOR)]
    pub(super) color: Color,
}

#[derive(Subcommand)]
pub(super) enum Command {
    Init(init::Arguments),
    Plan(plan::Arguments),
    Lint(lint::Arguments),
    Migrate(migrate::Arguments),
    Audit(audit::Arguments),
    Prove(prove::Arguments),
    Adopt(adopt::Arguments),
    Seal(seal::Arguments),
    Tenant(tenant::Arguments),
    Explain(explain::Arguments),
    Map(map::Arguments),
    Completions(completions::Arguments),
}

/// What stands below the options in the help of a command.
pub(super) fn help(examples: &str) -> String {
    let row = |line: &str| {
        let (name, said) = line.split_once("  ").unwrap_or((line, ""));
        Row::new(Cell::of(name), Cell::of(said.trim_start()))
    };
    let rows = |text: &str| Width::of_output().rows(2, &text.lines().map(row).collect::<Vec<_>>());
    let heading = |text: &str| format!("{BOLD}{text}{BOLD:#}");
    format!("{}\n{}\n{}\n{}", heading("Examples:"), rows(examples), heading("Exit codes:"), rows(Exit::HELP))
}
