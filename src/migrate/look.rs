//! A look at the rows that a plan's steps may not take, before it is run.

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Transaction};

use crate::error::{Error, Result, Step as Doing};
use crate::plan::{Plan, Step};
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
    let left = || end.saturating_duration_since(Instant::now());
    let unread = |step: &Step| step.in_the_way.as_ref().map(|_| Rows::Unread(Unread::Slow));
    let mut found: Vec<Option<Rows>> = plan.steps.iter().map(unread).collect();
    let asked = plan.steps.iter().enumerate().filter_map(|(at, step)| Some((at, Asked::of(step)?)));
    let asked: Vec<(usize, Asked<'_>)> = asked.collect();
    for some in asked.chunks(TOGETHER) {
        let together: Vec<Asked<'_>> = some.iter().map(|(_, asked)| *asked).collect();
        if let Ok(counts) = look(client, &together, left().min(BRIEFLY)).await? {
            for ((at, _), rows) in some.iter().zip(counts) {
                found[*at] = Some(Rows::InTheWay(rows));
            }
            continue;
        }
        for (at, asked) in some {
            found[*at] = Some(match look(client, &[*asked], left()).await? {
                Ok(counts) => Rows::InTheWay(counts.iter().sum()),
                Err(why) => Rows::Unread(why),
            });
        }
    }
    Ok(found)
}

/// How many queries are one statement, as long as none of them fails: of two thousand tables most are small.
const TOGETHER: usize = 64;

/// How long they may take together, before each is run by itself.
const BRIEFLY: Duration = Duration::from_secs(1);

/// A query for the rows in the way of a step.
#[derive(Clone, Copy)]
struct Asked<'a> {
    object: &'a str,
    query: &'a str,
}

impl<'a> Asked<'a> {
    fn of(step: &'a Step) -> Option<Self> {
        Some(Self { object: &step.object, query: step.in_the_way.as_deref()? })
    }
}

/// Counts the rows of queries, each of them or none.
async fn look(
    client: &mut Client,
    asked: &[Asked<'_>],
    left: Duration,
) -> Result<std::result::Result<Vec<u64>, Unread>> {
    if left.as_millis() == 0 {
        return Ok(Err(Unread::Slow));
    }
    let object = asked.first().map(|first| first.object).unwrap_or_default();
    let failed = |source| Error::script(format!("{object}: looking at its rows"), source);
    let counts = asked.iter().map(|asked| {
        let vars = Vars::default().sql("query", statement(asked.query));
        render(COUNT, &vars).map(|count| format!("({})", statement(&count)))
    });
    let count = format!("SELECT {}", counts.collect::<Result<Vec<_>>>()?.join(", "));
    let transaction = client.transaction().await.map_err(|source| Error::server(Doing::Begin, source))?;
    let counted = counted(&transaction, &count, left).await;
    let rolled_back = transaction.rollback().await;
    let rows = match counted {
        Ok(rows) => Ok(rows),
        Err(error) => Err(unread(&error).ok_or(error).map_err(failed)?),
    };
    rolled_back.map_err(|source| Error::server(Doing::Rollback, source))?;
    Ok(rows)
}

/// A statement without its semicolon.
fn statement(sql: &str) -> &str {
    sql.trim_end().trim_end_matches(';')
}

async fn counted(
    transaction: &Transaction<'_>,
    counts: &str,
    left: Duration,
) -> Result<Vec<u64>, tokio_postgres::Error> {
    let milliseconds = |of: Duration| of.as_millis().to_string();
    let limits = [milliseconds(left), milliseconds(left.min(LOCKED))];
    transaction.query_typed(LOOK, &[(&limits[0], Type::TEXT), (&limits[1], Type::TEXT)]).await?;
    let row = transaction.query_typed_one(counts, &[]).await?;
    (0..row.len()).map(|at| row.try_get::<_, i64>(at).map(i64::unsigned_abs)).collect()
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
