//! How much of PostgreSQL's own regression tests `lint` understands: each file is replayed, and what is not understood is shown to a
//! server, which reads it and runs nothing.
//!
//!     make bench-grammar

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use tenantry::catalog::replay::{Extent, Options, Source, replay};
use tenantry::testing;
use tokio::runtime::Runtime;
use tokio_postgres::Client;
use tokio_postgres::error::{ErrorPosition, SqlState};

/// How many in a thousand statements may not be understood for their syntax.
const ALLOWED: usize = 5;

#[derive(Default)]
struct Count {
    statements: usize,
    /// Statements that are not understood, and that the server refuses as well.
    refused: usize,
    /// Why which statements are not understood that the server takes.
    not_understood: BTreeMap<String, Vec<String>>,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    Runtime::new()?.block_on(count())
}

async fn count() -> Result<ExitCode, Box<dyn Error>> {
    let folder = env::var("TENANTRY_BENCH_GRAMMAR")
        .map_err(|_| "TENANTRY_BENCH_GRAMMAR names no folder of SQL files")?;
    let server = testing::server().await?;
    let client = server.database().await?.connect().await?;
    let version: String = client.query_one("show server_version_num", &[]).await?.get(0);
    let mut options = Options::default();
    options.server_version = version.parse()?;
    let mut count = Count::default();
    for file in files(Path::new(&folder))? {
        // Some are in another encoding on purpose.
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let name = file.strip_prefix(&folder)?.display().to_string();
        judge(Source::new(name, text), &options, &client, &mut count).await?;
    }
    Ok(report(&count, &version))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

async fn judge(
    source: Source,
    options: &Options,
    client: &Client,
    count: &mut Count,
) -> Result<(), Box<dyn Error>> {
    let replayed = replay(&[source], options);
    count.statements +=
        replayed.statements.iter().filter(|statement| statement.runs_within().is_none()).count();
    for opaque in replayed.opaque.iter().filter(|opaque| opaque.extent() == Extent::Words) {
        let statement = &replayed.statements[opaque.statement()];
        if statement.runs_within().is_some() {
            continue;
        }
        if is_taken(client, statement.text()).await? {
            let why = count.not_understood.entry(opaque.why().to_owned()).or_default();
            why.push(format!("{}:{}", opaque.file(), opaque.line()));
        } else {
            count.refused += 1;
        }
    }
    Ok(())
}

/// Whether the server reads a statement to its end. It reads the whole text before it runs any of it, and runs nothing of this one.
async fn is_taken(client: &Client, statement: &str) -> Result<bool, Box<dyn Error>> {
    let text = format!("{statement}; ) ");
    let Err(error) = client.batch_execute(&text).await else {
        return Err("the server runs a lone parenthesis".into());
    };
    let error = error.as_db_error().ok_or("the server does not answer")?;
    let end = u32::try_from(text.chars().count() - 1)?;
    Ok(error.code() == &SqlState::SYNTAX_ERROR && error.position() == Some(&ErrorPosition::Original(end)))
}

fn report(count: &Count, version: &str) -> ExitCode {
    let mut reasons: Vec<_> = count.not_understood.iter().collect();
    reasons.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
    for (why, places) in reasons {
        println!("{:>4}  {why}, {}", places.len(), places[0]);
    }
    let missed: usize = count.not_understood.values().map(Vec::len).sum();
    println!(
        "PostgreSQL {version}: {} statements, {missed} not understood ({:.2} %), {} more that the server refuses too",
        count.statements,
        100.0 * missed as f64 / count.statements as f64,
        count.refused,
    );
    if count.statements > 10_000 && missed * 1_000 <= count.statements * ALLOWED {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
