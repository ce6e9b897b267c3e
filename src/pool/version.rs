//! Whether a server is new enough for what its pool asks of it.

use tokio::time::timeout;

use super::core::Core;
use super::drain::Debt;
use crate::error::{Error, Kind, Result, Step};

const VERSION: &str = include_str!("../../sql/pool/version.sql");

/// The first server that knows `transaction_timeout`.
const TRANSACTION_TIMEOUT: i32 = 170_000;

/// Refuses a limit that the server does not know. Sends nothing where the pool has no such limit.
pub(super) async fn suits(core: &Core) -> Result<()> {
    if core.options().limits.transaction.is_none() {
        return Ok(());
    }
    let lease = core.lease().await?;
    lease.owe(Debt::Answer);
    let limit = core.options().bounds.connect_timeout;
    let answer = timeout(limit, lease.client().query_typed(VERSION, &[])).await;
    let answer = answer.map_err(|_| Error::from(Kind::ConnectTimeout(limit)))?;
    let rows = answer.map_err(|error| lease.error(Step::Guard, error))?;
    lease.settle();
    let read = rows.first().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose();
    let (number, name): (i32, String) =
        read.map_err(|error| lease.error(Step::Guard, error))?.unwrap_or_default();
    if number < TRANSACTION_TIMEOUT {
        return Err(Error::config(format!(
            "transaction_timeout needs PostgreSQL 17 or newer, and the server has version {name}; use statement_timeout"
        )));
    }
    Ok(())
}
