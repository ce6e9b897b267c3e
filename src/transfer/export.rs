//! The rows of one tenant, read through the policies.

use std::fmt;

use tokio_postgres::{Client, CopyOutStream, IsolationLevel, Transaction};

use super::seat::{Seat, failed};
use super::sql;
use super::table::{Table, Tables};
use crate::catalog::Catalog;
use crate::error::Result;
use crate::ident::QualifiedName;
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};
use crate::seal::SealKey;
use crate::tenant::TenantType;

/// A transaction that reads the rows of one tenant by one snapshot.
///
/// It is `REPEATABLE READ` and `READ ONLY`, acts as the owner of the tables or as the app role, whom policies bind, and has the tenant
/// bound: what belongs to another it cannot see. It ends when it is dropped.
///
/// ```no_run
/// use futures_util::TryStreamExt as _;
/// use tenantry::catalog::live;
/// use tenantry::policy::manifest::Manifest;
/// use tenantry::transfer::Export;
///
/// # async fn example(client: &mut tokio_postgres::Client, manifest: &Manifest) -> Result<(), Box<dyn std::error::Error>> {
/// let catalog = live::load(client).await?;
/// let export = Export::begin(client, manifest, &catalog, "42", None).await?;
/// for table in export.tables() {
///     let mut rows = std::pin::pin!(export.copy(table).await?);
///     while let Some(chunk) = rows.try_next().await? {
///         println!("{}: {} bytes", table.name().plain(), chunk.len());
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Export<'c> {
    transaction: Transaction<'c>,
    tables: Tables,
    tenant: String,
    tenant_type: TenantType,
    is_known: bool,
}

impl fmt::Debug for Export<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export").field("tables", &self.tables).finish_non_exhaustive()
    }
}

impl<'c> Export<'c> {
    /// Begins it. The login has to be a member of the owner or of the app role, or a superuser. A key is needed where the database takes
    /// sealed tenants alone.
    ///
    /// # Errors
    ///
    /// There is no such tenant, manifest and database do not agree, or a table is not secured for the role that would read it.
    pub async fn begin(
        client: &'c mut Client,
        manifest: &Manifest,
        catalog: &Catalog,
        tenant: &str,
        key: Option<&SealKey>,
    ) -> Result<Self> {
        Self::open(client, manifest, catalog, tenant, key, None).await
    }

    /// Begins another one that reads by the snapshot of the first, on a connection of its own, so that both may read at once.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin), or the first has ended.
    pub async fn join(
        client: &'c mut Client,
        manifest: &Manifest,
        catalog: &Catalog,
        tenant: &str,
        key: Option<&SealKey>,
        snapshot: &str,
    ) -> Result<Self> {
        Self::open(client, manifest, catalog, tenant, key, Some(snapshot)).await
    }

    async fn open(
        client: &'c mut Client,
        manifest: &Manifest,
        catalog: &Catalog,
        tenant: &str,
        key: Option<&SealKey>,
        snapshot: Option<&str>,
    ) -> Result<Self> {
        let tables = Tables::find(manifest, catalog)?;
        let seat = Seat::new(client, manifest, catalog, tenant, key).await?;
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await
            .map_err(failed("beginning the export"))?;
        if let Some(snapshot) = snapshot {
            let join = render(sql::JOIN, &Vars::default().text("snapshot", snapshot))?;
            transaction.batch_execute(&join).await.map_err(failed("taking the snapshot on"))?;
        }
        Seat::write_plainly(&transaction).await?;
        seat.bind(&transaction).await?;
        seat.check_bound(&transaction, &tables.tables).await?;
        let is_known = seat.check_known(&transaction).await?;
        let (tenant, tenant_type) = (seat.tenant, manifest.tenancy.tenant_type());
        Ok(Self { transaction, tables, tenant, tenant_type, is_known })
    }

    /// The snapshot, for [`join`](Self::join). It holds as long as this export.
    ///
    /// # Errors
    ///
    /// The server does not give one, as a standby before PostgreSQL 10 or a pooler between.
    pub async fn snapshot(&self) -> Result<String> {
        let row = self.transaction.query_one(sql::SNAPSHOT, &[]).await;
        row.and_then(|row| row.try_get(0)).map_err(failed("exporting the snapshot"))
    }

    /// The tenant, as the server writes it.
    #[must_use]
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Whether a table that has a row for each tenant has one for this.
    pub(super) fn is_known(&self) -> bool {
        self.is_known
    }

    /// The tables, each after those that it refers to.
    #[must_use]
    pub fn tables(&self) -> &[Table] {
        &self.tables.tables
    }

    /// Tables with rows for everybody that rows of the tenant may refer to. They are not exported.
    #[must_use]
    pub fn shared(&self) -> &[QualifiedName] {
        &self.tables.shared
    }

    /// Tables of class deny: nobody says whose their rows are. They are not exported.
    #[must_use]
    pub fn left_out(&self) -> &[QualifiedName] {
        &self.tables.left_out
    }

    /// The tenant's rows of a table, in COPY's text format, ordered by its primary key.
    ///
    /// # Errors
    ///
    /// The server refuses it.
    pub async fn copy(&self, table: &Table) -> Result<CopyOutStream> {
        let sql = table.copy_out(&self.tenant, self.tenant_type)?;
        self.transaction.copy_out(&sql).await.map_err(failed(&format!("reading {}", table.name().plain())))
    }
}
