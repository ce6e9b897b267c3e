//! Schemas and roles, from one server to another, by the programs that know how.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;

use futures_util::future::join;
use tokio::process::Command;

use crate::cli::connect::Way;
use crate::cli::failure::Failure;

/// What tells a program of PostgreSQL's where to log in.
pub(super) type Variables = Vec<(&'static str, OsString)>;

/// Writes the schema of one database into another, by the programs that know how.
pub(super) async fn schema(from: &Way, to: Variables) -> Result<(), Failure> {
    let args =
        ["--schema-only", "--no-publications", "--no-subscriptions", "--no-tablespaces", "--no-password"];
    let dumped = dumped("pg_dump", &args, from).await?;
    loaded(&["--single-transaction", "--set=ON_ERROR_STOP=1"], &dumped, to).await
}

/// Makes the roles of one server on another, without their passwords. Those that are there already stay as they are.
pub(super) async fn roles(from: &Way, to: Variables) -> Result<(), Failure> {
    let database = format!("--database={}", from.database());
    let args = ["--roles-only", "--no-role-passwords", "--no-password", &database];
    let dumped = dumped("pg_dumpall", &args, from).await?;
    loaded(&[], &dumped, to).await
}

/// What a program of PostgreSQL's writes about a server.
async fn dumped(program: &str, args: &[&str], from: &Way) -> Result<Vec<u8>, Failure> {
    let dumped = Command::new(found(program)?).args(args).envs(from.environment()).output().await;
    let dumped = dumped.map_err(|error| failed(program, &error))?;
    ended(program, dumped.status.success(), &dumped.stderr)?;
    Ok(dumped.stdout)
}

fn failed(program: &str, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{program} does not run")).cause(error.to_string())
}

async fn loaded(args: &[&str], sql: &[u8], to: Variables) -> Result<(), Failure> {
    let mut loading = Command::new(found("psql")?)
        .args(["--no-psqlrc", "--quiet", "--no-password"])
        .args(args)
        .envs(to)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed("psql", &error))?;
    let input = loading.stdin.take();
    let write = async {
        if let Some(mut input) = input {
            // If psql stops reading, what it says of that is what counts.
            let _ = tokio::io::AsyncWriteExt::write_all(&mut input, sql).await;
        }
    };
    // What it says is read meanwhile: it waits where nobody does.
    let (loaded, ()) = join(loading.wait_with_output(), write).await;
    let loaded = loaded.map_err(|error| failed("psql", &error))?;
    ended("psql", loaded.status.success(), &loaded.stderr)
}

fn ended(program: &str, is_well: bool, said: &[u8]) -> Result<(), Failure> {
    if is_well {
        return Ok(());
    }
    let failure = Failure::database(format!("{program} does not copy the schema"));
    Err(failure.cause(String::from_utf8_lossy(said).trim().to_owned()))
}

#[cfg(not(unix))]
fn found(name: &str) -> Result<PathBuf, Failure> {
    Ok(PathBuf::from(name))
}

#[cfg(unix)]
fn found(name: &str) -> Result<PathBuf, Failure> {
    use crate::throwaway::{ThisMachine, program};

    let machine = ThisMachine::new().map_err(|error| Failure::usage(error.to_string()))?;
    program(&machine, name).ok_or_else(|| {
        Failure::usage(format!("--mutate copies the schema with {name}, which is not there")).help(
            "install PostgreSQL's client programs, no older than the server; TENANTRY_PG_BIN names their folder",
        )
    })
}
