//! A COMMIT that is sent behind statements whose answers nobody has heard yet.

use tokio_postgres::Error as PgError;

use super::{Answers, Work};
use crate::error::{Error, Result, Step, connection_is_lost};
use crate::pool::connection::Connection;
use crate::pool::drain::Debt;
use crate::pool::strategy::COMMIT;

impl Work {
    /// Sends COMMIT. Where one of the statements ahead of it fails, the server rolls back.
    pub(in crate::pool) fn send_commit(connection: &Connection) -> Answers {
        let lease = &connection.lease;
        lease.owe(Debt::Answer);
        let mut committed = Answers::default();
        committed.push_command(Step::Commit, lease, COMMIT);
        committed
    }

    /// Waits for the answer to that COMMIT, once those to the statements are in and all of them have succeeded.
    pub(in crate::pool) async fn committed(connection: &Connection, committed: Answers) -> Result<()> {
        let ended = ended(connection, committed).await;
        ended.map_err(|(step, error)| connection.final_error(step, error))?;
        connection.lease.still_fits()
    }

    /// The same where a statement has failed, so that it is a rollback. Returns the error that counts: of a connection that is
    /// lost the server may have heard all, whatever was heard of the statement.
    pub(in crate::pool) async fn undone(connection: &Connection, committed: Answers, error: Error) -> Error {
        match ended(connection, committed).await {
            Err((step, lost)) if connection_is_lost(&lost) => connection.final_error(step, lost),
            Ok(()) | Err(_) => error,
        }
    }
}

async fn ended(connection: &Connection, mut committed: Answers) -> Result<(), (Step, PgError)> {
    let answer = committed.all().await;
    if !matches!(&answer, Err((_, error)) if connection_is_lost(error)) {
        connection.lease.settle();
    }
    answer
}
