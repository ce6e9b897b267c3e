//! Sends a program to the server.

use std::borrow::Borrow;

use tokio_postgres::error::ErrorPosition;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::binder::Binder;
use super::program::{Part, Program};
use super::review::{Planned, Reviewed};
use crate::error::{Error, Result, Step};
use crate::ident::QualifiedName;
use crate::policy::render::{Vars, render};
use crate::policy::scan::statements;
use crate::rule::{self, Place};

/// What failed, and where.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) error: Error,
    pub(super) place: Option<Place>,
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self { error, place: None }
    }
}

impl Borrow<Error> for Trouble {
    fn borrow(&self) -> &Error {
        &self.error
    }
}

/// The tenant that a program is for, and what it leaves a note of.
#[derive(Clone, Copy)]
pub(super) struct For<'a> {
    pub(super) setting: &'a str,
    pub(super) tenant: &'a str,
    pub(super) binder: &'a Binder,
    /// The SQL of the note.
    pub(super) note: &'a str,
    pub(super) ledger: &'a str,
    pub(super) version: i64,
    pub(super) checksum: &'a str,
}

/// Sends a program that is a transaction, and says how many rows each statement of the file has changed. If it fails,
/// nothing of it remains.
pub(super) async fn transaction(
    client: &Client,
    program: &Program,
    of: &Reviewed<'_>,
    tenant: Option<For<'_>>,
) -> Result<Vec<u64>, Trouble> {
    let sent = parts(client, program, of, tenant).await;
    if sent.is_err() {
        // If that fails, the connection is gone, and the transaction with it.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    sent
}

async fn parts(
    client: &Client,
    program: &Program,
    of: &Reviewed<'_>,
    tenant: Option<For<'_>>,
) -> Result<Vec<u64>, Trouble> {
    let mut rows = Vec::new();
    for part in &program.parts {
        match (part, tenant) {
            (Part::Own(what, sql), _) => own(client, what, sql).await?,
            (Part::Statement(place), _) => {
                let Some(planned) = of.statements.get(*place) else { continue };
                let count = statement(client, planned).await?;
                // For one tenant of many there may well be nothing to do.
                if count == 0 && tenant.is_none() {
                    some_are_expected(client, planned).await?;
                }
                rows.push(count);
            }
            (Part::Bind, Some(tenant)) => {
                let sql = include_str!("../../sql/migrate/bind.sql");
                let value = tenant.binder.value(tenant.tenant);
                let bound = client.query(sql, &[&tenant.setting, &value]).await;
                bound.map_err(|source| Error::script("binding the tenant", source))?;
            }
            (Part::Tenant, Some(tenant)) => {
                let counts: Vec<i64> =
                    rows.iter().map(|count| i64::try_from(*count).unwrap_or(i64::MAX)).collect();
                let For { ledger, version, checksum, .. } = tenant;
                let noted = client
                    .execute(tenant.note, &[&ledger, &version, &tenant.tenant, &checksum, &counts])
                    .await;
                noted.map_err(|source| Error::script("noting the tenant as done", source))?;
            }
            (Part::Bind | Part::Tenant, None) => {
                return Err(Error::config("a program for one tenant is sent without one").into());
            }
        }
    }
    Ok(rows)
}

/// Makes a session what it was before a file: what a file says to its session is not for the next one, nor for the next tenant.
pub(super) async fn restart(client: &Client) -> Result<()> {
    let sql = render(include_str!("../../sql/migrate/restart.sql"), &Vars::default())?;
    own(client, "the reset of the session", &sql).await?;
    watch_client(client).await;
    Ok(())
}

/// Asks the server to notice soon if this program is gone: what it would go on with holds the lock that the next run waits for.
pub(super) async fn watch_client(client: &Client) {
    // Not every server can, and then it notices when the statement is done.
    let _ = client.batch_execute(include_str!("../../sql/migrate/watch_client.sql")).await;
}

/// Sends statements of the runner's own.
pub(super) async fn own(client: &Client, what: &'static str, sql: &str) -> Result<()> {
    for statement in statements(sql) {
        let sent = client.batch_execute(statement).await;
        sent.map_err(|source| match statement {
            "COMMIT" => Error::final_step(Step::Commit, source),
            _ => Error::script(what, source),
        })?;
    }
    Ok(())
}

/// Sends a statement of the file, and says how many rows it has changed or returned.
pub(super) async fn statement(client: &Client, planned: &Planned) -> Result<u64, Trouble> {
    let text = planned.located.text();
    let answer = client.simple_query(text).await.map_err(|source| {
        let position = match source.as_db_error().and_then(|db| db.position()) {
            Some(ErrorPosition::Original(position)) => usize::try_from(*position).unwrap_or_default(),
            _ => 0,
        };
        let place = place(planned, position);
        Trouble { error: Error::script("the statement", source), place: Some(place) }
    })?;
    let count = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::CommandComplete(rows) => *rows,
        _ => 0,
    };
    Ok(answer.iter().map(count).sum())
}

/// A character of a statement, the first being 1, as a place in the file. Zero is the statement as a whole.
fn place(planned: &Planned, position: usize) -> Place {
    rule::at(&planned.located, position)
}

/// Fails if a statement that has changed no row could have changed one. Runs as the role that has run the statement.
async fn some_are_expected(client: &Client, planned: &Planned) -> Result<(), Trouble> {
    for table in &planned.expects {
        let vars = Vars::default().name("schema", table.schema()).name("table", table.name());
        let sql = render(include_str!("../../sql/migrate/has_rows.sql"), &vars)?;
        let failed = |source| Error::script("looking for rows", source);
        let row = client.query_one(&sql, &[]).await.map_err(failed)?;
        if row.try_get(0).map_err(failed)? {
            return Err(nothing_changed(planned, table));
        }
    }
    Ok(())
}

/// A statement has changed no row of a table that has some.
pub(super) fn nothing_changed(planned: &Planned, table: &QualifiedName) -> Trouble {
    Trouble { error: Error::zero_rows(table.plain()), place: Some(place(planned, 0)) }
}
