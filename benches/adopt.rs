//! What services notice while their tables are adopted: throughput of a writer and a reader at full speed, before, during each
//! phase and after, their longest statements, and failures.
//!
//!     make bench-adopt

#[path = "adopt/clients.rs"]
mod clients;
mod common;
#[path = "adopt/erp.rs"]
mod erp;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use clients::{Clients, Measured};
use common::report::{Report, Row};
use common::stats::float;
use common::{AnyError, quick, save, versions};
use erp::Erp;
use serde_json::Value;

const ROWS: u32 = 5_000_000;
const QUICK_ROWS: u32 = 300_000;

const PHASES: [&str; 9] =
    ["before", "column", "fill", "backfill", "not-null", "keys", "foreign-keys", "policies", "after"];

/// What the tool is told beyond the tables, for trying other settings: `TENANTRY_BENCH_ADOPT="--pause 9x"`.
const ARGUMENTS: &str = "TENANTRY_BENCH_ADOPT";

fn main() -> Result<(), AnyError> {
    let report = common::run(compare())?;
    println!("\n{}{}", report.heading(), report.table());
    save(&report)
}

async fn compare() -> Result<Report, AnyError> {
    let quick = quick();
    let rows = if quick { QUICK_ROWS } else { ROWS };
    let apart = Duration::from_secs(if quick { 5 } else { 30 });
    let erp = Erp::new(rows).await?;
    let arguments = std::env::var(ARGUMENTS).unwrap_or_default();

    let clients = Arc::new(Clients::start(&erp, PHASES.len()).await?);
    // Until caches are warm.
    tokio::time::sleep(apart / 3).await;
    clients.reset();
    tokio::time::sleep(apart).await;
    let tool = Arc::clone(&clients);
    let (folder, url) = (erp.folder.clone(), erp.url());
    let words: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
    let retries = tokio::task::spawn_blocking(move || adopt(&folder, &url, &words, &tool)).await??;
    clients.enter(PHASES.len() - 1);
    tokio::time::sleep(apart).await;
    let measured = Arc::into_inner(clients).ok_or("the clients are still in use")?.end().await;
    let wrong = erp.wrong_rows().await?;
    if wrong > 0 {
        return Err(format!("{wrong} rows have the wrong tenant").into());
    }

    let settings = vec![
        ("rows".to_owned(), rows.to_string()),
        ("retries".to_owned(), retries.to_string()),
        ("arguments".to_owned(), if arguments.is_empty() { "none".to_owned() } else { arguments }),
        ("server".to_owned(), erp.settings().await?),
    ];
    Ok(Report {
        bench: "adopt",
        compared: format!(
            "a writer and a reader at full speed, each in transactions of its own tenant on a connection of its own, on a table \
             of {rows} rows that tenantry adopt gives its tenants meanwhile; the reference is the same before. Times are of \
             single statements; the longest one of each phase is what a caller noticed"
        ),
        versions: versions(),
        server: erp.server.describe(),
        quick,
        settings,
        rows: measured.iter().flat_map(rows_of).collect(),
    })
}

/// Runs the tool to its end, and has clients count for the phase that it is in. Tells how often it had to try again for a lock.
fn adopt(
    folder: &std::path::Path,
    url: &str,
    words: &[String],
    clients: &Clients,
) -> Result<usize, AnyError> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tenantry"))
        .args(["adopt", "account", "--children", "--format", "json"])
        .args(words)
        .env("DATABASE_URL", url)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .spawn()?;
    let out = BufReader::new(child.stdout.take().ok_or("the tool has no output")?);
    let mut retries = 0;
    for line in out.lines() {
        let event: Value = serde_json::from_str(&line?)?;
        let phase = event["phase"].as_str().and_then(|phase| PHASES.iter().position(|known| *known == phase));
        if let Some(phase) = phase {
            clients.enter(phase);
            eprintln!("{:>4}  {:<13}{}: {}", event["number"], PHASES[phase], event["object"], event["what"]);
        } else if event["event"] != "begun" {
            eprintln!("      {event}");
        }
        retries += usize::from(event["event"] == "retry");
    }
    if child.wait()?.success() { Ok(retries) } else { Err("tenantry adopt failed".into()) }
}

/// A row for each phase that took any time, and one for all of them together.
fn rows_of(client: &Measured) -> Vec<Row> {
    let before = client.phases[0].per_second();
    let row = |phase: &str, of: &clients::Phase| Row {
        name: client.name.to_owned(),
        variant: phase.to_owned(),
        clients: 1,
        p50_us: of.percentile(0.5),
        p99_us: of.percentile(0.99),
        more: vec![
            ("per_s", of.per_second()),
            ("per_s_ratio", of.per_second() / before),
            ("longest_ms", of.longest.as_secs_f64() * 1e3),
            ("failed", float(of.failed)),
            ("seconds", of.time.as_secs_f64()),
        ],
        ..Row::default()
    };
    let mut rows: Vec<Row> = PHASES.iter().zip(&client.phases).map(|(phase, of)| row(phase, of)).collect();
    let during = clients::Phase::sum(&client.phases[1..PHASES.len() - 1]);
    rows.insert(PHASES.len() - 1, row("all phases", &during));
    rows
}
