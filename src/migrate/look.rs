//! A look at the rows that a plan's steps may not take, before it is run.

use std::collections::BTreeSet;
use std::slice;
use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use crate::error::{Error, Result, Step as Doing};
use crate::plan::{InTheWay, Plan, Step};
use crate::policy::render::{Vars, render};

const LOOK: &str = include_str!("../../sql/migrate/look.sql");
const EMPTY: &str = include_str!("../../sql/migrate/empty.sql");
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
    let steps = plan.steps.iter().enumerate();
    let asked: Vec<Asked<'_>> = steps.filter_map(|(at, step)| Asked::of(at, step)).collect();
    // Whatever keeps them from being looked at keeps the rest too, or does not matter to it.
    let empty = empty(client, &asked, left().min(BRIEFLY)).await?.unwrap_or_default();
    let (asked, without_rows): (Vec<_>, Vec<_>) =
        asked.into_iter().partition(|asked| !empty.contains(&asked.table));
    for Asked { at, .. } in without_rows {
        found[at] = Some(Rows::InTheWay(0));
    }
    for some in asked.chunks(TOGETHER) {
        if let Ok(counts) = counts(client, some, left().min(BRIEFLY)).await? {
            for (asked, rows) in some.iter().zip(counts) {
                found[asked.at] = Some(Rows::InTheWay(rows));
            }
            continue;
        }
        for asked in some {
            found[asked.at] = Some(match counts(client, slice::from_ref(asked), left()).await? {
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
struct Asked<'a> {
    /// The step's place in the plan.
    at: usize,
    object: &'a str,
    /// The table's name as SQL writes it.
    table: String,
    query: &'a str,
}

impl<'a> Asked<'a> {
    fn of(at: usize, step: &'a Step) -> Option<Self> {
        let InTheWay { table, query } = step.in_the_way.as_deref()?;
        Some(Self { at, object: &step.object, table: table.to_string(), query })
    }
}

/// The tables that have no rows at all, as many have where a schema is new: to find that takes a fourth of the time of a count.
async fn empty(client: &mut Client, asked: &[Asked<'_>], left: Duration) -> Result<Looked<BTreeSet<String>>> {
    let tables: BTreeSet<&str> = asked.iter().map(|asked| asked.table.as_str()).collect();
    let tables: Vec<&str> = tables.into_iter().collect();
    let query = Query {
        what: "looking for tables without rows",
        sql: EMPTY,
        parameters: &[(&tables, Type::TEXT_ARRAY)],
    };
    look(client, query, left, |rows| rows.iter().map(|row| row.try_get(0)).collect()).await
}

/// Counts the rows of queries, each of them or none.
async fn counts(client: &mut Client, asked: &[Asked<'_>], left: Duration) -> Result<Looked<Vec<u64>>> {
    let object = asked.first().map(|first| first.object).unwrap_or_default();
    let counts = asked.iter().map(|asked| {
        let vars = Vars::default().sql("query", statement(asked.query));
        render(COUNT, &vars).map(|count| format!("({})", statement(&count)))
    });
    let counts = format!("SELECT {}", counts.collect::<Result<Vec<_>>>()?.join(", "));
    let query = Query { what: &format!("{object}: looking at its rows"), sql: &counts, parameters: &[] };
    let counted =
        |row: &Row| (0..row.len()).map(|at| row.try_get::<_, i64>(at).map(i64::unsigned_abs)).collect();
    look(client, query, left, |rows| rows.first().map_or_else(|| Ok(Vec::new()), counted)).await
}

/// What a look found, or why it found nothing.
type Looked<T> = std::result::Result<T, Unread>;

/// A query that only looks.
struct Query<'q> {
    what: &'q str,
    sql: &'q str,
    parameters: &'q [(&'q (dyn ToSql + Sync), Type)],
}

/// Runs a query that changes nothing, as one that policies must not bind.
async fn look<T>(
    client: &mut Client,
    query: Query<'_>,
    left: Duration,
    read: impl Fn(&[Row]) -> std::result::Result<T, tokio_postgres::Error>,
) -> Result<Looked<T>> {
    if left.as_millis() == 0 {
        return Ok(Err(Unread::Slow));
    }
    let Query { what, sql, parameters } = query;
    let transaction = client.transaction().await.map_err(|source| Error::server(Doing::Begin, source))?;
    let found = async {
        let milliseconds = |of: Duration| of.as_millis().to_string();
        let limits = [milliseconds(left), milliseconds(left.min(LOCKED))];
        transaction.query_typed(LOOK, &[(&limits[0], Type::TEXT), (&limits[1], Type::TEXT)]).await?;
        read(&transaction.query_typed(sql, parameters).await?)
    };
    let found = found.await;
    let rolled_back = transaction.rollback().await;
    let found = match found {
        Ok(found) => Ok(found),
        Err(error) => Err(unread(&error).ok_or(error).map_err(|source| Error::script(what, source))?),
    };
    rolled_back.map_err(|source| Error::server(Doing::Rollback, source))?;
    Ok(found)
}

/// A statement without its semicolon.
fn statement(sql: &str) -> &str {
    sql.trim_end().trim_end_matches(';')
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
