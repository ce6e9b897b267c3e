//! Which tenants there are.

use tokio_postgres::Client;

use super::login::Login;
use crate::catalog::{Catalog, RelationKind};
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};

/// The table that has a row for each tenant, and its column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Roll {
    table: QualifiedName,
    column: Ident,
}

impl Roll {
    /// What the manifest names; else the table of the tree, or the one table whose primary key is the tenant column.
    ///
    /// # Errors
    ///
    /// There is none, or more than one could be it.
    pub(crate) fn find(manifest: &Manifest, catalog: &Catalog) -> Result<Self> {
        if let Some(named) = &manifest.tenants {
            return Ok(Self { table: named.table.clone(), column: named.column.clone() });
        }
        if let Some(tree) = manifest.tenancy.tenant_tree() {
            return Ok(Self { table: tree.table().clone(), column: tree.id().clone() });
        }
        let by_key = catalog.relations.iter().filter(|(name, relation)| {
            let is_table = matches!(relation.kind, RelationKind::Table | RelationKind::PartitionedTable);
            let key = std::slice::from_ref(manifest.column(name));
            is_table && manifest.governs(name) && relation.primary_key() == Some(key)
        });
        let found: Vec<&QualifiedName> = by_key.map(|(name, _)| name).collect();
        match &found[..] {
            [one] => Ok(Self { table: (*one).clone(), column: manifest.column(one).clone() }),
            [] => Err(Error::config(
                "no table is known that has a row for each tenant; name it in the manifest: [tenants] table and column",
            )),
            [one, other, ..] => Err(Error::config(format!(
                "both {} and {} could be the table that has a row for each tenant; name it in the manifest: [tenants] table \
                 and column",
                one.plain(),
                other.plain()
            ))),
        }
    }

    /// The table, and its column.
    pub(crate) fn place(&self) -> (&QualifiedName, &Ident) {
        (&self.table, &self.column)
    }

    /// All tenants, as the setting carries them, in order.
    ///
    /// # Errors
    ///
    /// The table is not there, or the role does not reach all its rows.
    pub(crate) async fn call(
        &self,
        client: &mut Client,
        login: &Login,
        manifest: &Manifest,
    ) -> Result<Vec<String>> {
        let failed = |source| Error::script(format!("listing the tenants in {}", self.table.plain()), source);
        let vars = Vars::default()
            .name("schema", self.table.schema())
            .name("table", self.table.name())
            .name("column", &self.column);
        let sql = render(include_str!("../../sql/migrate/tenants.sql"), &vars)?;
        let transaction = all_rows(client, login, manifest).await?;
        let rows = transaction.query(&sql, &[]).await.map_err(failed)?;
        let tenants = rows.iter().map(|row| row.try_get(0)).collect::<std::result::Result<_, _>>();
        transaction.rollback().await.map_err(failed)?;
        tenants.map_err(failed)
    }
}

/// Whether a table has any row at all.
pub(super) async fn has_rows(
    client: &mut Client,
    login: &Login,
    manifest: &Manifest,
    table: &QualifiedName,
) -> Result<bool> {
    let failed = |source| Error::script(format!("looking for rows in {}", table.plain()), source);
    let vars = Vars::default().name("schema", table.schema()).name("table", table.name());
    let sql = render(include_str!("../../sql/migrate/has_rows.sql"), &vars)?;
    let transaction = all_rows(client, login, manifest).await?;
    let row = transaction.query_one(&sql, &[]).await.map_err(failed)?;
    let found = row.try_get(0).map_err(failed)?;
    transaction.rollback().await.map_err(failed)?;
    Ok(found)
}

/// A transaction that sees the rows of all tenants, or fails.
async fn all_rows<'c>(
    client: &'c mut Client,
    login: &Login,
    manifest: &Manifest,
) -> Result<tokio_postgres::Transaction<'c>> {
    let failed = |source| Error::script("looking at the rows of all tenants", source);
    let role = login.for_system(&manifest.roles)?;
    let transaction = client.transaction().await.map_err(failed)?;
    let mut sql = render(include_str!("../../sql/migrate/all_rows.sql"), &Vars::default())?;
    if let Some(role) = role {
        let vars = Vars::default().sql("local", "LOCAL").name("role", role);
        sql += &render(include_str!("../../sql/migrate/become.sql"), &vars)?;
    }
    transaction.batch_execute(&sql).await.map_err(failed)?;
    Ok(transaction)
}
