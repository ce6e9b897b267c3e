//! A look at the rows that a plan's steps may not take, before it is run.

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Transaction};

use crate::error::{Error, Result, Step as Doing};
use crate::plan::Plan;
use crate::policy::render::{Vars, render};

const LOOK: &str = include_str!("../../sql/migrate/look.sql");
const COUNT: &str = include_str!("../../sql/migrate/adopt/count.sql");

/// How long a look waits for a lock, at most: whoever holds one that keeps readers out is changing the table.
const LOCKED: Duration = Duration::from_secs(1);

/// What is known of the rows in the way of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// There are so many. The server refuses the step unless there are none.
    InTheWay(u64),
    /// They were not counted.
    Unread(Unread),
}

/// Why rows were not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// Policies bind the role, or it lacks SELECT or USAGE: it would count what it sees, and not what is there.
    Hidden,
    /// It would have taken longer than was allowed.
    Slow,
    /// The table was locked.
    Locked,
    /// The server refused the query for another reason.
    Refused,
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Hidden => "this role does not see all rows",
            Self::Slow => "it takes longer than is allowed",
            Self::Locked => "the table is locked",
            Self::Refused => "the server refuses the query",
        })
    }
}

/// Counts the rows in the way of each step that has a query for them, in the order of the steps: `None` for one that has none.
///
/// Nothing is changed, and no row leaves the server. All of it takes no longer than `limit`; what was not reached by then is
/// [`Unread::Slow`], and with a limit of zero that is everything.
///
/// # Errors
///
/// The connection is lost, or a transaction is open on it that has failed.
pub async fn rows_in_the_way(client: &mut Client, plan: &Plan, limit: Duration) -> Result<Vec<Option<Rows>>> {
    let end = Instant::now() + limit;
    let mut found = Vec::new();
    for step in &plan.steps {
        let Some(query) = &step.in_the_way else {
            found.push(None);
            continue;
        };
        let left = end.saturating_duration_since(Instant::now());
        let rows = if left.as_millis() == 0 {
            Rows::Unread(Unread::Slow)
        } else {
            look(client, &step.object, query, left).await?
        };
        found.push(Some(rows));
    }
    Ok(found)
}

async fn look(client: &mut Client, object: &str, query: &str, left: Duration) -> Result<Rows> {
    let failed = |source| Error::script(format!("{object}: looking at its rows"), source);
    let query = query.trim_end().trim_end_matches(';');
    let count = render(COUNT, &Vars::default().sql("query", query))?;
    let transaction = client.transaction().await.map_err(|source| Error::server(Doing::Begin, source))?;
    let counted = counted(&transaction, &count, left).await;
    let rolled_back = transaction.rollback().await;
    let rows = match counted {
        Ok(rows) => Rows::InTheWay(rows),
        Err(error) => Rows::Unread(unread(&error).ok_or(error).map_err(failed)?),
    };
    rolled_back.map_err(|source| Error::server(Doing::Rollback, source))?;
    Ok(rows)
}

async fn counted(
    transaction: &Transaction<'_>,
    count: &str,
    left: Duration,
) -> Result<u64, tokio_postgres::Error> {
    let milliseconds = |of: Duration| of.as_millis().to_string();
    let limits = [milliseconds(left), milliseconds(left.min(LOCKED))];
    transaction.query_typed(LOOK, &[(&limits[0], Type::TEXT), (&limits[1], Type::TEXT)]).await?;
    let row = transaction.query_typed_one(count, &[]).await?;
    let rows: i64 = row.try_get("count")?;
    Ok(rows.unsigned_abs())
}

fn unread(error: &tokio_postgres::Error) -> Option<Unread> {
    let code = error.code()?;
    Some(match code {
        code if *code == SqlState::INSUFFICIENT_PRIVILEGE => Unread::Hidden,
        code if *code == SqlState::QUERY_CANCELED => Unread::Slow,
        code if *code == SqlState::LOCK_NOT_AVAILABLE => Unread::Locked,
        // A server that shuts down has not refused anything.
        code if code.code().starts_with("57") || code.code().starts_with("08") => return None,
        _ => Unread::Refused,
    })
}
