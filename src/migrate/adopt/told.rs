//! What an expression tells of the rows that are there, before anything is begun.

use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use super::record::unsigned;
use super::sql;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::ident::Ident;
use crate::migrate::path::UsualPath;
use crate::migrate::tenants::Roll;
use crate::plan::adopt::Told;
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};

/// How long the look at the rows waits for a lock, in milliseconds.
const LOCK_TIMEOUT: &str = "10000";

/// Rows that an expression leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Those for which it tells no tenant.
    pub untold: u64,
    /// Those for which it tells one that the table of tenants does not have.
    pub unknown: u64,
    /// The query that lists them.
    pub query: String,
}

impl LeftOut {
    /// How many there are in all.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.untold + self.unknown
    }

    /// Asks the expression for all rows that are there, in a transaction that only reads. None is found where none is left out.
    ///
    /// # Errors
    ///
    /// The expression fails, or is none of the type of the tenants; the role may not read what it reads; policies would hide
    /// rows from it; the connection was lost.
    pub async fn find(
        client: &mut Client,
        manifest: &Manifest,
        catalog: &Catalog,
        told: &Told,
    ) -> Result<Option<Self>> {
        let usual = UsualPath::leave(client).await?;
        let found = look(client, manifest, catalog, told).await;
        usual.back(client).await?;
        found
    }
}

async fn look(
    client: &mut Client,
    manifest: &Manifest,
    catalog: &Catalog,
    told: &Told,
) -> Result<Option<LeftOut>> {
    let failed = |source| {
        Error::script(format!("asking the expression for the rows of {}", told.table.plain()), source)
    };
    let query = of_rows(sql::TOLD_LEFT_OUT, manifest, catalog, told)?;
    let count = of_rows(sql::TOLD_COUNT, manifest, catalog, told)?;
    let transaction = client.transaction().await.map_err(failed)?;
    let parameters: [(&(dyn ToSql + Sync), Type); 2] =
        [(&LOCK_TIMEOUT, Type::TEXT), (&told.path, Type::TEXT)];
    transaction.query_typed(sql::READ_ONLY, &parameters).await.map_err(failed)?;
    let row = transaction.query_typed_one(&count, &[]).await.map_err(failed)?;
    let of = |column: &str| row.try_get(column).map(unsigned).map_err(failed);
    let (untold, unknown) = (of("untold")?, of("unknown")?);
    transaction.rollback().await.map_err(failed)?;
    Ok((untold + unknown > 0).then_some(LeftOut { untold, unknown, query }))
}

/// A query for the rows that are left out.
fn of_rows(file: &str, manifest: &Manifest, catalog: &Catalog, told: &Told) -> Result<String> {
    let known = match Roll::find(manifest, catalog) {
        Ok(roll) if catalog.relations.contains_key(roll.place().0) => {
            let (table, column) = roll.place();
            let vars = Vars::default()
                .name("schema", table.schema())
                .name("table", table.name())
                .name("column", column);
            render(sql::TOLD_KNOWN, &vars)?
        }
        _ => "true".to_owned(),
    };
    let open = |column: &Ident| format!("{}.{column} IS NULL", told.table.name());
    let vars = Vars::default()
        .name("schema", told.table.schema())
        .name("table", told.table.name())
        .sql("expression", &told.expression)
        .sql("type", &told.data_type)
        .sql("open", told.column.as_ref().map_or_else(|| "true".to_owned(), open))
        .sql("known", known);
    render(file, &vars)
}
