//! The rows of one tenant, deleted.

use tokio::sync::Mutex;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Transaction};

use super::seat::{Seat, failed};
use super::sql;
use super::table::{Table, Tables};
use crate::catalog::{Catalog, RelationKind};
use crate::error::{Error, Result, Step};
use crate::ident::{Ident, QualifiedName};
use crate::migrate::Patience;
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};
use crate::seal::SealKey;

/// How often tables are gone through: triggers may write rows of the tenant while others are deleted.
const PASSES: usize = 3;

/// How many rows a transaction deletes unless something else is said.
const BATCH: u32 = 1_000;

/// Deletes the rows of one tenant, or says what it would delete.
///
/// It acts as the owner of the tables or as the app role, whom policies bind, with the tenant bound: what belongs to another it cannot
/// delete. Tables that refer to others come first. Each transaction deletes some rows and gives way to whoever waits; tables whose rows
/// refer to each other are emptied by one transaction. Whenever it ends, what is left can be erased by another run.
///
/// ```no_run
/// use tenantry::catalog::live;
/// use tenantry::policy::manifest::Manifest;
/// use tenantry::transfer::Erasure;
///
/// # async fn example(client: &mut tokio_postgres::Client, manifest: &Manifest) -> tenantry::Result<()> {
/// let catalog = live::load(client).await?;
/// let erasure = Erasure::new(client, manifest, &catalog, "42", None).await?;
/// let rows: u64 = erasure.weigh().await?.iter().map(|table| table.rows).sum();
/// let erased: u64 = erasure.erase(|_| {}).await?.iter().map(|table| table.rows).sum();
/// assert!(erased >= rows);
/// assert!(erasure.remains().await?.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Erasure<'c, 'm> {
    client: Mutex<&'c mut Client>,
    seat: Seat<'m>,
    tables: Tables,
    suspects: Vec<Suspect>,
    referring: Vec<(QualifiedName, Ident, QualifiedName)>,
    patience: Patience,
    batch: u32,
}

/// A column in which a row can carry the tenant.
#[derive(Debug)]
struct Suspect {
    table: QualifiedName,
    column: Ident,
    is_partitioned: bool,
}

/// How much of a table is a tenant's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Share {
    /// The table.
    pub table: QualifiedName,
    /// How many rows.
    pub rows: u64,
    /// How many bytes they take in the table, without indexes and what is kept apart by TOAST. 0 of rows that are deleted.
    pub bytes: u64,
}

impl<'c, 'm> Erasure<'c, 'm> {
    /// Deletes nothing yet. The login has to be a member of the owner or of the app role, and of the system role to look for what remains.
    ///
    /// # Errors
    ///
    /// Manifest and database do not agree, or the tenant is no value of the tenants' type.
    pub async fn new(
        client: &'c mut Client,
        manifest: &'m Manifest,
        catalog: &Catalog,
        tenant: &str,
        key: Option<&SealKey>,
    ) -> Result<Self> {
        let tables = Tables::find(manifest, catalog)?;
        let seat = Seat::new(client, manifest, catalog, tenant, key).await?;
        Ok(Self {
            client: Mutex::new(client),
            suspects: suspects(manifest, catalog, &tables.tables),
            referring: referring(catalog, &tables.tables),
            seat,
            tables,
            patience: Patience::default(),
            batch: BATCH,
        })
    }

    /// Deletes at most so many rows in one transaction. Default: 1,000; 0 counts as 1.
    #[must_use]
    pub fn batch(mut self, rows: u32) -> Self {
        self.batch = rows.max(1);
        self
    }

    /// How long a transaction waits for locks, and how often it is tried. Default: that of [`Patience`].
    #[must_use]
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// The foreign keys by which rows that are not erased may refer to rows that are: the table, its key, and the table referred to.
    #[must_use]
    pub fn referring(&self) -> &[(QualifiedName, Ident, QualifiedName)] {
        &self.referring
    }

    /// Tables of class deny, and those with rows for everybody that the tenant's refer to: they stay as they are.
    #[must_use]
    pub fn untouched(&self) -> Vec<&QualifiedName> {
        self.tables.shared.iter().chain(&self.tables.left_out).collect()
    }

    /// How many rows there are, without deleting any. In the order in which they would be deleted.
    ///
    /// # Errors
    ///
    /// A table is not secured for the role that would delete, or the server refuses.
    pub async fn weigh(&self) -> Result<Vec<Share>> {
        let mut client = self.client.lock().await;
        let transaction = client.transaction().await.map_err(failed("looking at the tenant's rows"))?;
        self.bind(&transaction).await?;
        let mut shares = Vec::new();
        for table in self.tables.tables.iter().rev() {
            let looking = || failed(&format!("looking at the rows of {}", table.name().plain()));
            let sql = self.seat.about_own(table, Vars::default(), sql::WEIGH)?;
            let row = transaction.query_one(&sql, &[]).await.map_err(looking())?;
            let number = |at: usize| row.try_get::<_, i64>(at).map_err(looking());
            let count = |number: i64| u64::try_from(number).unwrap_or_default();
            let (rows, bytes) = (count(number(0)?), count(number(1)?));
            shares.push(Share { table: table.name().clone(), rows, bytes });
        }
        Ok(shares)
    }

    /// Deletes them. `told` hears of each transaction that has deleted some. How many rows of each table, in the order of deletion.
    ///
    /// # Errors
    ///
    /// A row that stays refers to one that is to be deleted, a trigger writes more rows time and again, or the server refuses. What is
    /// deleted by then stays deleted.
    pub async fn erase(&self, told: impl Fn(&Share)) -> Result<Vec<Share>> {
        let tables: Vec<&Table> = self.tables.tables.iter().rev().collect();
        let mut erased: Vec<Share> =
            tables.iter().map(|table| Share { table: table.name().clone(), rows: 0, bytes: 0 }).collect();
        for _ in 0..PASSES {
            let mut in_pass = 0;
            let mut count = |table: &Table, rows: u64| {
                if rows > 0 {
                    told(&Share { table: table.name().clone(), rows, bytes: 0 });
                }
                if let Some(share) = erased.iter_mut().find(|share| share.table == *table.name()) {
                    share.rows += rows;
                }
                in_pass += rows;
            };
            let mut tied = Vec::new();
            for table in &tables {
                match self.in_batches(table, &mut count).await {
                    Err(error) if error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION) => tied.push(*table),
                    done => done?,
                }
            }
            if !tied.is_empty() {
                for (table, rows) in self.at_once(&tied).await? {
                    count(table, rows);
                }
            }
            if in_pass == 0 {
                return Ok(erased);
            }
        }
        Err(Error::config(format!(
            "rows of the tenant were there again after {PASSES} times: a trigger writes them, or a service that works for the tenant"
        )))
    }

    async fn in_batches(&self, table: &Table, count: &mut impl FnMut(&Table, u64)) -> Result<()> {
        loop {
            let rows = self.delete(&[table], Some(self.batch)).await?;
            let rows: u64 = rows.into_iter().map(|(_, rows)| rows).sum();
            count(table, rows);
            if rows == 0 {
                return Ok(());
            }
        }
    }

    /// Empties tables whose rows refer to each other, by one transaction.
    async fn at_once<'t>(&self, tables: &[&'t Table]) -> Result<Vec<(&'t Table, u64)>> {
        self.delete(tables, None).await
    }

    async fn delete<'t>(&self, tables: &[&'t Table], limit: Option<u32>) -> Result<Vec<(&'t Table, u64)>> {
        self.patience.retry(|| self.try_to_delete(tables, limit), |_, _, _| {}).await
    }

    async fn try_to_delete<'t>(
        &self,
        tables: &[&'t Table],
        limit: Option<u32>,
    ) -> Result<Vec<(&'t Table, u64)>> {
        let mut client = self.client.lock().await;
        let transaction = client.transaction().await.map_err(failed("beginning to delete"))?;
        self.bind(&transaction).await?;
        let patience = Vars::default().text("lock_timeout", self.patience.setting());
        let patience = render(sql::LOCK_TIMEOUT, &patience)?;
        transaction.batch_execute(&patience).await.map_err(failed("limiting the wait for locks"))?;
        transaction.batch_execute(sql::DEFER).await.map_err(failed("deferring foreign keys"))?;
        let limit = limit.map_or_else(|| "ALL".to_owned(), |limit| limit.to_string());
        let mut deleted = Vec::new();
        for table in tables {
            let sql = self.seat.about_own(table, Vars::default().sql("limit", &limit), sql::ERASE)?;
            let rows = transaction.execute(&sql, &[]).await;
            let rows = rows.map_err(failed(&format!("deleting rows of {}", table.name().plain())))?;
            deleted.push((*table, rows));
        }
        transaction.commit().await.map_err(|source| Error::final_step(Step::Commit, source))?;
        Ok(deleted)
    }

    async fn bind(&self, transaction: &Transaction<'_>) -> Result<()> {
        Seat::write_plainly(transaction).await?;
        self.seat.bind(transaction).await?;
        self.seat.check_bound(transaction, &self.tables.tables).await
    }

    /// The tables in which rows carry the tenant still, and in which column: of every table of the database that has a column of that name,
    /// partitions and tables without a class among them, whatever policies show.
    ///
    /// # Errors
    ///
    /// The login is no superuser and cannot become the system role, or that may not read one of the tables.
    pub async fn remains(&self) -> Result<Vec<(QualifiedName, Ident, u64)>> {
        let mut client = self.client.lock().await;
        let looking = || failed("looking for what remains");
        let transaction = client.build_transaction().read_only(true).start().await.map_err(looking())?;
        if !self.seat.login.is_superuser() {
            self.seat.become_system(&transaction).await?;
        }
        let mut found = Vec::new();
        for Suspect { table, column, is_partitioned } in &self.suspects {
            let vars = Vars::default()
                .sql("only", if *is_partitioned { "" } else { "ONLY" })
                .name("schema", table.schema())
                .name("table", table.name())
                .name("column", column);
            let sql = render(sql::REMAINS, &vars)?;
            let looking = || failed(&format!("looking for what remains in {}", table.plain()));
            let row = transaction.query_one(&sql, &[&self.seat.tenant]).await.map_err(looking())?;
            let rows: i64 = row.try_get(0).map_err(looking())?;
            if rows > 0 {
                found.push((table.clone(), column.clone(), u64::try_from(rows).unwrap_or_default()));
            }
        }
        Ok(found)
    }
}

/// The columns in which a row can carry the tenant.
fn suspects(manifest: &Manifest, catalog: &Catalog, tables: &[Table]) -> Vec<Suspect> {
    let mut found = Vec::new();
    // The rows of partitions are their table's.
    let tables_of = catalog.relations.iter().filter(|(_, of)| of.is_table() && of.partition_of.is_none());
    for (name, relation) in tables_of {
        let known = tables.iter().find(|table| table.name() == name);
        for column in &relation.columns {
            let by_name =
                column.name == *manifest.column(name) || column.name == *manifest.tenancy.tenant_column();
            if by_name || known.is_some_and(|table| table.holds_tenant(column.name.as_str())) {
                let is_partitioned = relation.kind == RelationKind::PartitionedTable;
                found.push(Suspect { table: name.clone(), column: column.name.clone(), is_partitioned });
            }
        }
    }
    found
}

/// The foreign keys from tables that are not erased.
fn referring(catalog: &Catalog, tables: &[Table]) -> Vec<(QualifiedName, Ident, QualifiedName)> {
    let is_ours = |name: &QualifiedName| tables.iter().any(|table| table.name() == name);
    let is_part = |name: &QualifiedName| {
        catalog.relations.get(name).is_some_and(|relation| relation.partition_of.is_some())
    };
    let keys = catalog.foreign_keys();
    let from_others =
        keys.filter(|(table, _, key)| !is_ours(table) && !is_part(table) && is_ours(&key.references));
    from_others.map(|(table, name, key)| (table.clone(), name.clone(), key.references.clone())).collect()
}
