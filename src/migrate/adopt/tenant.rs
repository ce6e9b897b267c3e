//! Whether the tenant is one that all rows of a table are to belong to.

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::sql;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::ident::QualifiedName;
use crate::migrate::binder::Binder;
use crate::migrate::tenants::Roll;
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};
use crate::seal::SealKey;

/// What the table that has a row for each tenant says of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantCheck {
    /// It is there.
    Known,
    /// It is not in this table.
    Unknown(QualifiedName),
    /// No such table is known: `[tenants]` of the manifest can name it.
    Unlisted,
}

impl TenantCheck {
    /// Looks for a tenant, given as the setting carries it, and sealed with a key where the database takes no others.
    ///
    /// # Errors
    ///
    /// The role may not read the table, there is no key where one is needed, or the connection was lost.
    pub async fn find(
        client: &mut Client,
        manifest: &Manifest,
        catalog: &Catalog,
        tenant: &str,
        key: Option<&SealKey>,
    ) -> Result<Self> {
        let Ok(roll) = Roll::find(manifest, catalog) else { return Ok(Self::Unlisted) };
        let (table, column) = roll.place();
        if !catalog.relations.contains_key(table) {
            return Ok(Self::Unlisted);
        }
        let failed = |source| Error::script(format!("looking for the tenant in {}", table.plain()), source);
        let vars =
            Vars::default().name("schema", table.schema()).name("table", table.name()).name("column", column);
        let sql = render(sql::IS_TENANT, &vars)?;
        // Where policies are in force already, they show a tenant its own row.
        let binder = Binder::of(client, &manifest.tenancy, key).await?;
        let bound = binder.value(tenant);
        let transaction = client.transaction().await.map_err(failed)?;
        let setting = manifest.tenancy.setting_name().as_str();
        let bind = include_str!("../../../sql/migrate/bind.sql");
        transaction
            .query_typed(bind, &[(&setting, Type::TEXT), (&bound, Type::TEXT)])
            .await
            .map_err(failed)?;
        let row = transaction.query_typed_one(&sql, &[(&tenant, Type::TEXT)]).await.map_err(failed)?;
        let found = row.try_get("found").map_err(failed)?;
        transaction.rollback().await.map_err(failed)?;
        Ok(if found { Self::Known } else { Self::Unknown(table.clone()) })
    }
}
