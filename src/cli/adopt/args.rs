//! What `adopt` can be told.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::args::help;
use crate::cli::plan::Runner;
use crate::cli::seal::SealOptions;
use crate::migrate::adopt::Pause;
use crate::plan::adopt::Phase;

const EXAMPLES: &str = "\
tenantry adopt customer --tenant 7 --dry-run      the steps as a script for psql, and nothing is run
tenantry adopt customer --tenant 7 --out migrations --style refinery  a migration that leads to the same, for other environments
tenantry adopt customer --tenant 7                all rows that are there belong to tenant 7
tenantry adopt invoice --via customer --children  the tenant of the customer, and so on for the lines of invoices
tenantry adopt outbox --fill \"payload->>'tenant'\"  what an expression over the row tells
tenantry adopt                                    go on, after an interruption or once rows were settled
tenantry adopt --status                           how far it is
tenantry adopt --abort                            take the last one back, done or not; the rows stay";

/// Give live tables their tenants while services go on working with them
///
/// The tenant column is added, filled in batches and made NOT NULL; keys and foreign keys get the tenant; policies come last.
/// Each step locks a table for a moment at most, is shown before it runs, and is recorded: whatever ends a run, the next one
/// goes on. One adoption at a time. The role has to own the tables; where policies are in force already, it needs BYPASSRLS.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(after_help = help(EXAMPLES))]
pub(in crate::cli) struct Arguments {
    /// The tables, of class tenant in the manifest [default: go on with the adoption that has been begun]
    #[arg(value_name = "TABLE")]
    pub(super) tables: Vec<String>,

    /// The tenant that all rows belong to which are there until phase column is done
    #[arg(long, value_name = "ID", requires = "tables", conflicts_with = "via")]
    pub(super) tenant: Option<String>,

    /// An SQL expression that tells the tenant of a row, for a table that no foreign key leads to one: its columns are visible in
    /// it, and the row by the name of the table; a SELECT of one value is one too
    #[arg(long, value_name = "SQL", requires = "tables", conflicts_with = "tenant")]
    pub(super) fill: Option<String>,

    /// The foreign key, or the table it refers to, that leads to a row's tenant, where a table has several. Can be given
    /// several times [default: the only one]
    #[arg(long, value_name = "[TABLE=]KEY", requires = "tables")]
    pub(super) via: Vec<String>,

    #[command(flatten)]
    pub(super) seal: SealOptions,

    /// Take along the tables of class tenant that refer to these and lack the column, and those that refer to them
    #[arg(long, requires = "tables")]
    pub(super) children: bool,

    /// Stop behind this phase: column, fill, backfill, not-null, keys, foreign-keys or policies
    #[arg(long, value_name = "PHASE", value_parser = phase)]
    pub(super) until: Option<Phase>,

    /// Show how far the adoption is, or how the last one ended
    #[arg(long, conflicts_with_all = ["tables", "abort", "dry_run", "until"])]
    pub(super) status: bool,

    /// Take back what was done of the adoption that was begun last, or of the last one of these tables, done or not. The rows
    /// stay; policies and the columns that were added go
    #[arg(long, conflicts_with_all = ["tenant", "fill", "via", "children", "dry_run", "until"])]
    pub(super) abort: bool,

    /// Show the steps as a script for psql, and run nothing
    #[arg(long)]
    pub(super) dry_run: bool,

    /// Write what leads to the same schema in one transaction as migration files into this folder, and run nothing. Without a
    /// table, those of the adoption that was begun last, done or not. - prints it as a script
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["status", "abort", "dry_run", "until"])]
    pub(super) out: Option<PathBuf>,

    /// The runner that the files are for
    #[arg(
        long,
        value_enum,
        value_name = "RUNNER",
        default_value_t,
        requires = "out",
        hide_possible_values = true,
        help = "The runner that the files are for: refinery, sqlx, flyway, dbmate, goose, golang-migrate, or plain for psql"
    )]
    pub(super) style: Runner,

    /// The name of the migration: letters, digits and _ [default: adopt_ and the first table]
    #[arg(long, value_name = "NAME", requires = "out")]
    pub(super) name: Option<String>,

    /// How many rows a batch of the backfill goes through at most
    #[arg(long, value_name = "ROWS", default_value = "5000")]
    pub(super) batch: NonZeroU32,

    /// How long to pause after each batch: so many times as long as it took (6x), or a time (100ms, 1s)
    #[arg(long, value_name = "TIME", default_value = "6x", value_parser = pause)]
    pub(super) pause: Pause,

    /// How many rows to fill in a second at most [default: as many as the pauses allow]
    #[arg(long, value_name = "ROWS")]
    pub(super) rate: Option<NonZeroU32>,

    /// How long a step waits for its locks, and others behind it, before it pauses and tries again
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = humantime::parse_duration)]
    pub(super) lock_timeout: Duration,

    /// How often a step is tried whose locks are not to be had
    #[arg(long, value_name = "N", default_value = "30")]
    pub(super) attempts: NonZeroU32,
}

fn phase(text: &str) -> Result<Phase, String> {
    Phase::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = Phase::ALL.into_iter().map(Phase::name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

fn pause(text: &str) -> Result<Pause, String> {
    match text.strip_suffix('x').map(str::parse::<f64>) {
        Some(Ok(times)) if times >= 0.0 && times.is_finite() => Ok(Pause::Times(times)),
        Some(_) => Err("expected a number before the x, such as 4x".to_owned()),
        None => humantime::parse_duration(text).map(Pause::Fixed).map_err(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::pause;
    use crate::migrate::adopt::Pause;

    #[test]
    fn times_have_units() {
        assert_eq!(pause("4x"), Ok(Pause::Times(4.0)));
        assert_eq!(pause("0.5x"), Ok(Pause::Times(0.5)));
        assert_eq!(pause("10ms"), Ok(Pause::Fixed(Duration::from_millis(10))));
        for wrong in ["", "5", "s", "x", "-1x", "infx", "soon"] {
            assert!(pause(wrong).is_err(), "{wrong}");
        }
    }
}
