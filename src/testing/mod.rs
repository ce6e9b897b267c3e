//! Throwaway PostgreSQL servers and databases, for tests and demos. Feature `test-util`, on Unix.
//!
//! All tests of a process share one [`server`], and each has a [`Database`] of its own, so they run in parallel:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let server = tenantry::testing::server().await?;
//! let database = server.database().await?;
//! let client = database.connect().await?;
//! client.batch_execute("create table invoice (id bigint)").await?;
//! # Ok(())
//! # }
//! ```
//!
//! A [`Template`] is filled once and cloned for every test. [`Server::builder`] starts a private server,
//! for a test that stops it or needs settings of its own.
//!
//! # Which server
//!
//! The first of these that is there, or the one that `TENANTRY_TEST_SERVER` forces (`url`, `local` or
//! `docker`). Which one was taken stands in an `INFO` event and in [`Server::describe`].
//!
//! 1. `TENANTRY_TEST_DATABASE_URL`: a server that is there already, and a role that may create
//!    databases and roles. The connection is made without TLS.
//! 2. Server binaries on this machine, `initdb` and `postgres`, in the folder `TENANTRY_PG_BIN`, or else in that of
//!    `pg_config --bindir`, in `PATH`, under `/usr/lib/postgresql`, or in Homebrew's folders, newest version first.
//! 3. Docker, with image `TENANTRY_TEST_IMAGE`. Default: `postgres:18`. Command `docker` must be there as well.
//!
//! # What is left behind
//!
//! Nothing. A local server and its folder, or the container, are watched over by a small shell that
//! takes them away when the process ends: normally, by a panic, by Ctrl-C or by `kill -9`. It needs
//! a moment for that, longer with many databases, and works on after the process has ended. Databases on a server that was given by a URL
//! are dropped as their tests end; those of a process that ended too soon, when the next one starts.
//!
//! # As root
//!
//! PostgreSQL refuses to run as root, so a local server runs as user `postgres`, or else as `nobody`.
//! That user must be able to reach the binaries.

mod background;
mod database;
mod error;
mod errors;
mod find;
mod isolated;
mod janitor;
mod name;
mod server;
mod template;

use tokio::sync::OnceCell;

use crate::throwaway::{self, ThisMachine};

pub use crate::pool::{Ran, Recorder};
pub use database::Database;
pub use error::{SetupError, TestError};
pub use errors::error;
pub use isolated::isolated;
pub use server::{Server, ServerBuilder};
pub use template::Template;

/// The server that all tests of this process share. The first caller starts it; a start that failed is not repeated.
///
/// It depends on no runtime, so that every `#[tokio::test]` can use it.
///
/// # Errors
///
/// No server was found, and the error names the ways out with the commands for this operating
/// system; or the one that was found did not start.
pub async fn server() -> Result<&'static Server, TestError> {
    static SERVER: OnceCell<Result<Server, TestError>> = OnceCell::const_new();
    let started = SERVER.get_or_init(async || {
        let (source, machine) = server::search(find::find).await?;
        Server::open(source, &machine, &[], None).await
    });
    started.await.as_ref().map_err(Clone::clone)
}

/// A program of PostgreSQL's own, such as `pgbench`, from the folders in which [`server`] looks for binaries.
///
/// # Errors
///
/// This process runs as root and the machine's users cannot be read.
pub fn program(name: &str) -> Result<Option<std::path::PathBuf>, TestError> {
    Ok(throwaway::program(&ThisMachine::new()?, name))
}
