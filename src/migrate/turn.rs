//! Whoever changes a schema waits until nobody else does.

use std::time::{Duration, Instant};

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::error::{Error, Result};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../sql/migrate/", $name, ".sql"))
    };
}

/// How long a session lets the others be before it asks again.
const PAUSE: Duration = Duration::from_millis(100);

/// Somebody else has the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    /// How long it has been waited for.
    pub(super) waited: Duration,
    /// The process that has it, unless it has just let go of it.
    pub(super) pid: Option<i32>,
}

/// Takes the advisory lock of this name for the rest of the session, asking for it again and again for as long as `wait`.
///
/// `told` hears of each time that it was not to be had.
///
/// # Errors
///
/// The time is over, or the connection was lost.
pub(super) async fn take(
    client: &Client,
    what: &str,
    wait: Duration,
    mut told: impl FnMut(Waiting),
) -> Result<()> {
    let failed = |source| Error::script("taking the lock of those who change the schema", source);
    let start = Instant::now();
    loop {
        let row = client.query_typed_one(file!("take_turn"), &[(&what, Type::TEXT)]).await.map_err(failed)?;
        if row.try_get(0).map_err(failed)? {
            return Ok(());
        }
        let row = client.query_typed_opt(file!("holder"), &[(&what, Type::TEXT)]).await.map_err(failed)?;
        let pid: Option<i32> = row.map(|row| row.try_get("pid")).transpose().map_err(failed)?;
        let waited = start.elapsed();
        if waited >= wait {
            let who = pid.map_or_else(String::new, |pid| format!(", as process {pid} of the server"));
            return Err(Error::busy(format!(
                "another {what} has been at work for {wait:?}{who}; wait for its end, or for longer"
            )));
        }
        told(Waiting { waited, pid });
        tokio::time::sleep(PAUSE.min(wait.saturating_sub(waited))).await;
    }
}

/// Lets go of it. If that fails, the lock goes with the session.
pub(super) async fn end(client: &Client, what: &str) {
    let _ = client.query_typed(file!("end_turn"), &[(&what, Type::TEXT)]).await;
}
