//! A COMMIT that is sent behind statements whose answers nobody has heard yet.

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

    /// Waits for the answer to that COMMIT, once those to the statements are in. `failed` is what one of them has failed with.
    pub(in crate::pool) async fn committed(
        connection: &Connection,
        mut committed: Answers,
        failed: Option<Error>,
    ) -> Result<()> {
        let answer = committed.all().await;
        let lost = matches!(&answer, Err((_, error)) if connection_is_lost(error));
        if !lost {
            connection.lease.settle();
        }
        match (failed, answer) {
            (Some(error), _) if !lost => Err(error),
            // The server may have heard all of it.
            (_, Err((step, error))) => Err(connection.final_error(step, error)),
            (Some(error), Ok(())) => Err(error),
            (None, Ok(())) => Ok(()),
        }
    }
}
