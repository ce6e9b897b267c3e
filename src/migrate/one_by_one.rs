//! Runs a migration statement by statement, each by itself.

use tokio_postgres::{Client, Error as PgError};

use super::event::Event;
use super::program::{Maker, Part, Program};
use super::report::Why;
use super::review::{Planned, Reviewed};
use super::run::{Run, failed, failed_by};
use super::send::{self, Trouble};
use crate::error::{Error, Result};
use crate::ident::QualifiedName;
use crate::policy::render::{Vars, render};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../sql/migrate/", $name, ".sql"))
    };
}

impl<C, F, W> Run<'_, C, W>
where
    C: Fn() -> F,
    F: Future<Output = Result<Client, PgError>>,
    W: Fn(&Event<'_>),
{
    /// Runs a migration statement by statement.
    pub(super) async fn one_by_one(
        &self,
        client: &Client,
        maker: Maker<'_>,
        of: &Reviewed<'_>,
    ) -> Result<u64, Why> {
        let before = self.done_before(client, maker, of).await?;
        let (mut done, mut rows) = (before, 0);
        let Program { parts } = maker.program(of)?;
        for part in &parts {
            match part {
                Part::Own(what, sql) => {
                    let sent = send::own(client, what, sql).await;
                    sent.map_err(|error| failed(of, error.into(), Some(done)))?;
                }
                Part::Statement(place) if *place >= before => {
                    let Some(planned) = of.statements.get(*place) else { continue };
                    let sent = maker.patience.retry(|| by_itself(client, planned), self.retrying(of)).await;
                    let count = sent.map_err(|trouble| failed(of, trouble, Some(done)))?;
                    rows += if planned.is_of_data { count } else { 0 };
                    done += 1;
                    let noted =
                        send::own(client, "noting the statement as done", &maker.done(of, done)?).await;
                    noted.map_err(|error| failed(of, error.into(), Some(done)))?;
                    let (migration, of) = (of.migration, of.statements.len());
                    (self.watch)(&Event::Statement { migration, done, of });
                }
                Part::Statement(_) | Part::Bind | Part::Tenant => {}
            }
        }
        Ok(rows)
    }

    /// How many statements of it an earlier run has done.
    async fn done_before(&self, client: &Client, maker: Maker<'_>, of: &Reviewed<'_>) -> Result<usize, Why> {
        let failed = |source| Error::script("reading the progress of the migration", source);
        let sql =
            render(file!("statements_done"), &Vars::default().name("schema", maker.ledger.table().schema()))?;
        let ledger = maker.ledger.table().name().as_str();
        let row =
            client.query_opt(&sql, &[&ledger, &of.migration.progress_version()]).await.map_err(failed)?;
        let Some(row) = row else { return Ok(0) };
        let (done, checksum): (i32, String) =
            (row.try_get("done").map_err(failed)?, row.try_get("checksum").map_err(failed)?);
        let done = usize::try_from(done).unwrap_or_default();
        // What failed may be another statement now, what is done must not.
        if checksum == of.checksum(done) {
            return Ok(done);
        }
        Err(failed_by(
            of,
            Error::config(format!(
                "{done} of its statements are done, and are not what they were; restore them, or leave what is not done to \
                 another file",
            )),
            Some(done),
        ))
    }
}

/// Sends a statement outside of a transaction.
async fn by_itself(client: &Client, planned: &Planned) -> Result<u64, Trouble> {
    if let Some(index) = &planned.index {
        drop_invalid(client, index).await?;
    }
    send::statement(client, planned).await
}

/// Drops what an attempt to build an index concurrently has left behind.
async fn drop_invalid(client: &Client, index: &QualifiedName) -> Result<()> {
    let failed = |source| Error::script(format!("looking at index {}", index.plain()), source);
    let row = client.query_one(file!("invalid_index"), &[&index.to_string()]).await.map_err(failed)?;
    let is_invalid: bool = row.try_get(0).map_err(failed)?;
    if is_invalid {
        let vars = Vars::default().name("schema", index.schema()).name("index", index.name());
        client.batch_execute(&render(file!("drop_invalid"), &vars)?).await.map_err(failed)?;
    }
    Ok(())
}
