//! The rows of one tenant, written into a database in which it has none.

use std::fmt::{self, Display};
use std::pin::pin;

use bytes::Bytes;
use futures_util::{SinkExt as _, Stream, StreamExt as _};
use tokio_postgres::{Client, IsolationLevel, Transaction};

use super::after::{Reference, Sequence};
use super::seat::{Seat, failed};
use super::sql;
use super::table::{Table, Tables};
use crate::catalog::Catalog;
use crate::error::{Error, Result, Step};
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};
use crate::seal::SealKey;

/// A transaction that writes the rows of one tenant: all of them, or none.
///
/// It writes as the system role, since [COPY FROM does not work where policies
/// bind](https://www.postgresql.org/docs/current/sql-copy.html), and then looks at what it wrote as the tenant: a row that the policies do
/// not show to it is an error, and nothing stays. User triggers do not fire: what they would write is among the rows. Foreign keys are
/// checked by the server, or, where triggers had to be left out, by queries.
///
/// It is rolled back when it is dropped before [`finish`](Self::finish).
pub struct Import<'c, 'm> {
    transaction: Transaction<'c>,
    seat: Seat<'m>,
    tables: Tables,
    /// What is left to be checked where triggers are left out.
    references: Option<Vec<Reference>>,
    sequences: Vec<Sequence>,
    written: Vec<(QualifiedName, u64)>,
}

/// What an import has written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// How many rows of each table, in the order in which they were written.
    pub rows: Vec<(QualifiedName, u64)>,
}

impl fmt::Debug for Import<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import")
            .field("tables", &self.tables)
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

impl<'c, 'm> Import<'c, 'm> {
    /// Begins it. The login has to be able to become the system role, and the owner or the app role.
    ///
    /// # Errors
    ///
    /// The tenant has rows already; manifest and database do not agree; or a table has triggers, and the login may not leave them out.
    pub async fn begin(
        client: &'c mut Client,
        manifest: &'m Manifest,
        catalog: &Catalog,
        tenant: &str,
        key: Option<&SealKey>,
    ) -> Result<Self> {
        let tables = Tables::find(manifest, catalog)?;
        let seat = Seat::new(client, manifest, catalog, tenant, key).await?;
        let triggers = with_triggers(catalog, &tables.tables);
        let mut references = None;
        if !triggers.is_empty() {
            if !may_skip_triggers(client, &seat, catalog).await? {
                return Err(Error::lacks_role(format!(
                    "{} {} triggers, whose work is among the rows already; run GRANT SET ON PARAMETER session_replication_role TO \
                     the login (PostgreSQL 15 or newer), or log in as a superuser",
                    triggers.join(", "),
                    if triggers.len() == 1 { "has" } else { "have" }
                )));
            }
            references = Some(Reference::all(catalog, &tables.tables)?);
        }
        let sequences = Sequence::all(catalog, &tables.tables);
        // By one snapshot, what others write for the tenant meanwhile makes up for no row that is not the tenant's.
        let transaction = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        let transaction = transaction.start().await.map_err(failed("beginning the import"))?;
        Seat::write_plainly(&transaction).await?;
        if references.is_some() {
            let skip = transaction.batch_execute(sql::SKIP_TRIGGERS).await;
            skip.map_err(failed("leaving triggers out"))?;
        }
        seat.become_system(&transaction).await?;
        transaction.batch_execute(sql::DEFER).await.map_err(failed("deferring foreign keys"))?;
        let import = Self { transaction, seat, tables, references, sequences, written: Vec::new() };
        import.check_empty(manifest).await?;
        Ok(import)
    }

    async fn check_empty(&self, manifest: &Manifest) -> Result<()> {
        for table in &self.tables.tables {
            let Some(column) = table.tenant_column() else { continue };
            let vars = Vars::default()
                .name("schema", table.name().schema())
                .name("table", table.name().name())
                .name("column", column)
                .sql("type", manifest.tenancy.tenant_type().sql());
            let sql = render(sql::HOLDS, &vars)?;
            let looking = || failed(&format!("looking for rows in {}", table.name().plain()));
            let row = self.transaction.query_one(&sql, &[&self.seat.tenant]).await.map_err(looking())?;
            if row.try_get(0).map_err(looking())? {
                return Err(Error::config(format!(
                    "the tenant has rows in {} already; nothing was written: import it as another tenant, or erase it first",
                    table.name().plain()
                )));
            }
        }
        Ok(())
    }

    /// The tenant, as the server writes it.
    #[must_use]
    pub fn tenant(&self) -> &str {
        &self.seat.tenant
    }

    /// The tables, each after those that it refers to: write them in this order.
    #[must_use]
    pub fn tables(&self) -> &[Table] {
        &self.tables.tables
    }

    /// Writes rows of a table, in COPY's text format with these columns. How many there were.
    ///
    /// # Errors
    ///
    /// The server refuses them, or the stream ends with an error. Either way nothing of the import stays.
    pub async fn copy<E: Display>(
        &mut self,
        table: &QualifiedName,
        columns: &[Ident],
        chunks: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<u64> {
        let writing = || failed(&format!("writing {}", table.plain()));
        let found = self.tables.tables.iter().find(|known| known.name() == table);
        let found =
            found.ok_or_else(|| Error::config(format!("{} holds no rows of tenants", table.plain())))?;
        let sink = self.transaction.copy_in(&found.copy_in(columns)?).await.map_err(writing())?;
        let (mut sink, mut chunks) = (pin!(sink), pin!(chunks));
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| Error::config(format!("{}: {error}", table.plain())))?;
            sink.send(chunk).await.map_err(writing())?;
        }
        let rows = sink.finish().await.map_err(writing())?;
        self.written.push((table.clone(), rows));
        Ok(rows)
    }

    /// Looks at what was written as the tenant, has sequences go on behind it, and commits.
    ///
    /// # Errors
    ///
    /// Policies do not show to the tenant what was written, or a row refers to one that is not there; nothing stays then. Or the
    /// connection was lost at the commit, [`Error::is_in_doubt`].
    pub async fn finish(self) -> Result<Imported> {
        let Self { transaction, seat, tables, references, sequences, written } = self;
        seat.bind(&transaction).await?;
        seat.check_bound(&transaction, &tables.tables).await?;
        for table in &tables.tables {
            let wrote: u64 =
                written.iter().filter(|(name, _)| name == table.name()).map(|(_, rows)| rows).sum();
            let shown = seat.count(&transaction, table).await?;
            if shown != wrote {
                return Err(Error::config(format!(
                    "{wrote} rows were written into {}, and its policies show {shown} of them to the tenant; nothing stays",
                    table.name().plain()
                )));
            }
        }
        for reference in references.unwrap_or_default() {
            reference.check(&transaction).await?;
        }
        for sequence in sequences {
            sequence.go_on(&transaction, &seat).await?;
        }
        transaction.commit().await.map_err(|source| Error::final_step(Step::Commit, source))?;
        Ok(Imported { rows: written })
    }
}

/// Whether the login may leave triggers out: a superuser, or from PostgreSQL 15 on who was granted the setting.
async fn may_skip_triggers(client: &Client, seat: &Seat<'_>, catalog: &Catalog) -> Result<bool> {
    if catalog.server_version.unwrap_or_default() < 150_000 {
        return Ok(seat.login.is_superuser());
    }
    let row = client.query_one(sql::MAY_SKIP_TRIGGERS, &[]).await;
    row.and_then(|row| row.try_get(0)).map_err(failed("asking whether triggers can be left out"))
}

/// The tables that have triggers which would fire.
fn with_triggers(catalog: &Catalog, tables: &[Table]) -> Vec<String> {
    let fire = |name: &QualifiedName| {
        let relation = catalog.relations.get(name);
        relation.is_some_and(|relation| relation.triggers.values().any(|trigger| trigger.enabled))
    };
    let has = |table: &&Table| {
        let name = table.name();
        fire(name) || catalog.partitions(name).into_iter().any(fire)
    };
    tables.iter().filter(has).map(|table| table.name().plain()).collect()
}
