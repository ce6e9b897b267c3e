//! Whoever changes a schema waits until nobody else does.

use std::time::{Duration, Instant};

use tokio_postgres::Client;

use crate::error::{Error, Result};

/// How long a session lets the others be before it asks again.
const PAUSE: Duration = Duration::from_millis(250);

/// Takes the advisory lock of this name for the rest of the session, asking for it again and again for as long as `wait`.
///
/// `told` hears how long has been waited, before each time but the first.
///
/// # Errors
///
/// The time is over, or the connection was lost.
pub(crate) async fn take(client: &Client, what: &str, wait: Duration, told: impl Fn(Duration)) -> Result<()> {
    let start = Instant::now();
    loop {
        let asked = client.query_one(include_str!("../../sql/migrate/take_turn.sql"), &[&what]).await;
        let taken: bool = asked
            .and_then(|row| row.try_get(0))
            .map_err(|source| Error::script("taking the lock of those who change the schema", source))?;
        if taken {
            return Ok(());
        }
        let waited = start.elapsed();
        if waited >= wait {
            return Err(Error::config(format!(
                "somebody else has been changing the schema for {wait:?}; wait until they are done, or allow more time"
            )));
        }
        told(waited);
        tokio::time::sleep(PAUSE.min(wait.saturating_sub(waited))).await;
    }
}

/// Lets go of it. If that fails, the lock goes with the session.
pub(crate) async fn end(client: &Client, what: &str) {
    let _ = client.query_one(include_str!("../../sql/migrate/end_turn.sql"), &[&what]).await;
}
