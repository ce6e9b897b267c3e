//! `tenantry tenant erase`.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::cli::args::{Global, help};
use crate::cli::connect;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Terminal;
use crate::cli::output::layout::{Cell as Text, Row};
use crate::cli::output::style::{BOLD, CARE, PLAIN, count, paint, took};
use crate::cli::seal::SealOptions;
use crate::cli::source::{Live, manifest};
use crate::ident::{Ident, QualifiedName};
use crate::seal::hex;
use crate::transfer::{Erasure, Share};

const EXAMPLES: &str = "\
tenantry tenant erase 42 --reason 'contract ended'          show what would be deleted, and what stays
tenantry tenant erase 42 --reason 'contract ended' --yes    delete it
tenantry tenant erase 42 --verify                           look whether anything remains";

/// How much time passes at least between two lines of how far it has come.
const PAUSE: Duration = Duration::from_secs(5);

/// Delete the rows of a tenant, or show what would be deleted
///
/// Without --yes nothing is deleted. The rows are deleted through the policies, as that tenant: what belongs to another cannot be. Each
/// transaction deletes some of them and gives way to whoever waits for a lock; where it ends early, run it again. What belongs to everybody
/// stays, as do tables of class deny and of class exempt. Afterwards every table that has the tenant column is looked at for rows that
/// remain, for which the login has to be able to become the system role.
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES))]
pub(super) struct Arguments {
    /// The tenant
    #[arg(value_name = "TENANT")]
    tenant: String,

    /// What for, which the certificate tells
    #[arg(long, value_name = "TEXT", required_unless_present = "verify")]
    reason: Option<String>,

    /// Delete, rather than show what would be deleted
    #[arg(long)]
    yes: bool,

    /// Only look whether anything remains: exit code 1 if it does
    #[arg(long, conflicts_with = "yes")]
    verify: bool,

    /// A file to write a certificate into, as JSON: what was deleted, of which tenant, and that nothing remains
    #[arg(long, value_name = "FILE", requires = "yes")]
    certificate: Option<PathBuf>,

    /// How many rows a transaction deletes at most
    #[arg(long, value_name = "NUMBER", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,

    #[command(flatten)]
    seal: SealOptions,
}

/// What remains: tables, the column, and how many rows.
type Remains = [(QualifiedName, Ident, u64)];

pub(super) fn run(arguments: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let key = arguments.seal.key()?;
    let manifest = manifest(&global.config)?;
    if let Some(file) = arguments.certificate.as_deref().filter(|file| file.exists()) {
        return Err(Failure::usage(format!("{} is there already", file.display())));
    }
    connect::wait(async {
        let Live { mut session, catalog } = Live::open(global, terminal).await?;
        let name = session.name().to_owned();
        let erasure =
            Erasure::new(&mut session.client, &manifest, &catalog, &arguments.tenant, key.as_ref()).await?;
        let erasure = erasure.batch(arguments.batch);
        let exit = if arguments.verify {
            verified(&erasure.remains().await?, &name, terminal)?
        } else if arguments.yes {
            let progress = Progress { terminal, rows: Cell::new(0), said: Cell::new(Instant::now()) };
            let begun = Instant::now();
            let erased = erasure.erase(|share| progress.see(share)).await?;
            // A tenant that was mistyped is not certified to be gone.
            if erased.iter().all(|share| share.rows == 0) {
                return Err(Failure::usage("no table has a row of that tenant's, so nothing was deleted")
                    .help("--verify looks whether anything remains"));
            }
            let remains = erasure.remains().await?;
            if let Some(file) = &arguments.certificate {
                let reason = arguments.reason.as_deref().unwrap_or_default();
                write(file, &certificate(&arguments.tenant, reason, &name, &erased, &remains))?;
            }
            let heading = format!("Deleted in {name}, in {}", took(begun.elapsed()));
            show(&heading, &erased, &remains, terminal)?;
            exit(&remains)
        } else {
            would(&erasure, &erasure.weigh().await?, &name, terminal)?;
            Exit::Clean
        };
        session.close().await;
        Ok(exit)
    })
}

struct Progress {
    terminal: Terminal,
    rows: Cell<u64>,
    said: Cell<Instant>,
}

impl Progress {
    fn see(&self, share: &Share) {
        self.rows.set(self.rows.get() + share.rows);
        if self.terminal.is_json() || self.said.get().elapsed() < PAUSE {
            return;
        }
        self.said.set(Instant::now());
        self.terminal.note(&format!(
            "{} rows so far, the last of {}\n",
            self.rows.get(),
            share.table.plain()
        ));
    }
}

fn exit(remains: &Remains) -> Exit {
    if remains.is_empty() { Exit::Clean } else { Exit::Findings }
}

/// What would be deleted, and what stays.
fn would(erasure: &Erasure<'_, '_>, shares: &[Share], name: &str, terminal: Terminal) -> Result<(), Failure> {
    let all: u64 = shares.iter().map(|share| share.rows).sum();
    let bytes: u64 = shares.iter().map(|share| share.bytes).sum();
    let stays: Vec<String> = erasure.untouched().into_iter().map(QualifiedName::plain).collect();
    let refer = |(table, key, to): &(QualifiedName, Ident, QualifiedName)| {
        format!("{} refers to {} by {}", table.plain(), to.plain(), key.plain())
    };
    let referring: Vec<String> = erasure.referring().iter().map(refer).collect();
    terminal.result(
        |width| {
            let heading = paint(BOLD, format!("Would be deleted in {name}"));
            let rows = width.rows(2, &lines(shares));
            let sum =
                format!("{all} rows, {bytes} bytes in their tables; nothing was deleted, --yes does it");
            let stays = (!stays.is_empty()).then(|| format!("stays as it is: {}", stays.join(", ")));
            let stays = stays.map(|line| width.hang(0, 2, PLAIN, line) + "\n").unwrap_or_default();
            let in_the_way = referring.iter().map(|line| {
                width.hang(0, 2, CARE, format!("a row that stays may be in the way: {line}")) + "\n"
            });
            format!("{heading}\n{rows}\n{sum}\n{stays}{}", in_the_way.collect::<String>())
        },
        || json!({ "tables": tables(shares), "stays": stays, "referring": referring }),
    )
}

fn lines(shares: &[Share]) -> Vec<Row> {
    let row = |share: &Share| Row::new(Text::of(share.table.plain()), Text::of(share.rows.to_string()));
    shares.iter().filter(|share| share.rows > 0).map(row).collect()
}

fn tables(shares: &[Share]) -> Value {
    let one = |share: &Share| {
        let mut table = json!({ "table": share.table.to_string(), "rows": share.rows });
        if share.bytes > 0 {
            table["bytes"] = json!(share.bytes);
        }
        table
    };
    shares.iter().map(one).collect()
}

fn remaining(remains: &Remains) -> Value {
    let one = |(table, column, rows): &(QualifiedName, Ident, u64)| json!({ "table": table.to_string(), "column": column.as_str(), "rows": rows });
    remains.iter().map(one).collect()
}

fn told(remains: &Remains) -> String {
    let one = |(table, column, rows): &(QualifiedName, Ident, u64)| {
        format!(
            "{}: {} in {}\n",
            paint(CARE, "remains"),
            many(*rows),
            format_args!("{}.{}", table.plain(), column.plain())
        )
    };
    remains.iter().map(one).collect()
}

fn many(rows: u64) -> String {
    count(usize::try_from(rows).unwrap_or(usize::MAX), "row")
}

fn show(heading: &str, erased: &[Share], remains: &Remains, terminal: Terminal) -> Result<(), Failure> {
    let all: u64 = erased.iter().map(|share| share.rows).sum();
    terminal.result(
        |width| {
            let end = if remains.is_empty() { "; no table has a row of the tenant's any more" } else { "" };
            format!(
                "{}\n{}\n{}{end}\n{}",
                paint(BOLD, heading),
                width.rows(2, &lines(erased)),
                many(all),
                told(remains)
            )
        },
        || json!({ "tables": tables(erased), "remains": remaining(remains) }),
    )
}

fn verified(remains: &Remains, name: &str, terminal: Terminal) -> Result<Exit, Failure> {
    terminal.result(
        |_| match remains {
            [] => format!("No table of {name} has a row of the tenant's\n"),
            _ => told(remains),
        },
        || json!({ "remains": remaining(remains) }),
    )?;
    Ok(exit(remains))
}

/// What was deleted, with a hash over all of it.
fn certificate(tenant: &str, reason: &str, name: &str, erased: &[Share], remains: &Remains) -> Value {
    let now = std::time::SystemTime::now();
    let mut text = json!({
        "tenant": tenant,
        "reason": reason,
        "database": name,
        "erased_at": humantime::format_rfc3339_seconds(now).to_string(),
        "tables": tables(erased),
        "remains": remaining(remains),
    });
    text["sha256"] = json!(hex(&Sha256::digest(text.to_string())));
    text
}

fn write(file: &Path, certificate: &Value) -> Result<(), Failure> {
    fs::write(file, format!("{certificate:#}\n")).map_err(|error| {
        Failure::usage(format!("{} cannot be written, and the rows are deleted", file.display()))
            .cause(error.to_string())
    })
}
