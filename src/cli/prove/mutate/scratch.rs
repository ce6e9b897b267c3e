//! A copy of a schema, in a database of its own on the same server.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;
use tokio_postgres::Client;

use crate::cli::connect::{Session, Way};
use crate::cli::failure::{Failure, causes};
use crate::ident::Ident;
use crate::policy::render::{Vars, render};

/// A database that goes again.
pub(super) struct Scratch {
    name: Ident,
    way: Way,
}

impl Scratch {
    /// Copies the schema of the database that the session is in, without its rows. Copies that an earlier run could not drop
    /// go first.
    pub(super) async fn copy(session: &Session) -> Result<Self, Failure> {
        let client = &session.client;
        let failed = |error| refused("the copy of the schema", &error);
        let row =
            client.query_one(include_str!("../../../../sql/cli/scratch.sql"), &[]).await.map_err(failed)?;
        let left: Vec<String> = row.try_get("left_over").map_err(failed)?;
        for name in left {
            drop_database(client, &Ident::new(name)?).await?;
        }
        let number = RandomState::new().hash_one(std::process::id());
        let name = Ident::new(format!("tenantry_scratch_{number:016x}"))?;
        let text = |column: &str| row.try_get::<_, String>(column).map_err(failed);
        let (encoding, collate, ctype) = (text("encoding")?, text("collate")?, text("ctype")?);
        let vars = Vars::default()
            .name("name", &name)
            .text("encoding", encoding)
            .text("collate", collate)
            .text("ctype", ctype);
        let sql = render(include_str!("../../../../sql/cli/scratch_create.sql"), &vars)?;
        client.batch_execute(&sql).await.map_err(failed)?;
        let scratch = Self { way: session.way().to_database(name.as_str()), name };
        match transfer(session.way(), &scratch.way).await {
            Ok(()) => Ok(scratch),
            Err(failure) => {
                scratch.drop(session).await?;
                Err(failure)
            }
        }
    }

    pub(super) async fn connect(&self) -> Result<Client, Failure> {
        self.way.open().await.map_err(|error| refused("a session in the copy of the schema", &error))
    }

    pub(super) async fn drop(self, session: &Session) -> Result<(), Failure> {
        drop_database(&session.client, &self.name).await
    }
}

async fn drop_database(client: &Client, name: &Ident) -> Result<(), Failure> {
    let sql =
        render(include_str!("../../../../sql/cli/scratch_drop.sql"), &Vars::default().name("name", name))?;
    client.batch_execute(&sql).await.map_err(|error| refused("the end of the copy of the schema", &error))
}

fn refused(what: &str, error: &tokio_postgres::Error) -> Failure {
    Failure { causes: causes(error), ..Failure::database(format!("{what} failed")) }
}

/// Writes the schema of one database into another, by the programs that know how.
async fn transfer(from: &Way, to: &Way) -> Result<(), Failure> {
    let (dump, load) = (found("pg_dump")?, found("psql")?);
    let failed = |what: &str, error: std::io::Error| {
        Failure::usage(format!("{what} does not run")).cause(error.to_string())
    };
    let dumped = Command::new(&dump)
        .args([
            "--schema-only",
            "--no-publications",
            "--no-subscriptions",
            "--no-tablespaces",
            "--no-password",
        ])
        .envs(from.environment())
        .output()
        .await
        .map_err(|error| failed("pg_dump", error))?;
    ended("pg_dump", dumped.status.success(), &dumped.stderr)?;
    let mut loading = Command::new(&load)
        .args(["--no-psqlrc", "--quiet", "--no-password", "--single-transaction", "--set=ON_ERROR_STOP=1"])
        .envs(to.environment())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed("psql", error))?;
    if let Some(mut input) = loading.stdin.take() {
        // If psql stops reading, what it says of that is what counts.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut input, &dumped.stdout).await;
    }
    let loaded = loading.wait_with_output().await.map_err(|error| failed("psql", error))?;
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
