//! Whether the names of prepared statements stay with the connection that gave them.

use tokio_postgres::SimpleQueryMessage;
use tracing::warn;

use super::drain::Debt;
use super::lease::Lease;
use crate::error::{Result, Step};
use crate::wire::StatementMode;

/// A statement that does nothing, to be prepared and found.
const PROBE: &str = include_str!("../../sql/pool/probe.sql");

/// Where it is found under the driver's name for it.
const KEPT: &str = include_str!("../../sql/pool/names.sql");

/// How statements have to be sent on the way that a connection leads.
pub(super) async fn mode(lease: &Lease) -> Result<StatementMode> {
    if lease.link().is_direct() || are_kept_apart(lease).await? {
        return Ok(StatementMode::Named);
    }
    warn!("the pooler does not keep names of prepared statements apart; statements are sent without names");
    Ok(StatementMode::Unnamed)
}

/// Whether a pooler knows of prepared statements: it gives them names of its own then, so that those
/// of its clients do not meet on the server.
///
/// All of it is one transaction, and so on one connection of the pooler's, where nothing is left behind.
async fn are_kept_apart(lease: &Lease) -> Result<bool> {
    let failed = |error| lease.error(Step::Guard, error);
    let client = lease.client();
    lease.owe(Debt::Rollback);
    client.batch_execute("BEGIN").await.map_err(failed)?;
    let probe = client.prepare(PROBE).await.map_err(failed)?;
    let found = client.simple_query(KEPT).await.map_err(failed)?;
    // Closes it on the server.
    drop(probe);
    client.batch_execute("COMMIT").await.map_err(failed)?;
    lease.settle();
    Ok(!found.iter().any(|message| matches!(message, SimpleQueryMessage::Row(_))))
}
