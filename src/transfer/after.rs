//! What is left to do once rows are written: references that nobody has checked, and sequences that are behind.

use tokio_postgres::Transaction;

use super::seat::{Seat, failed};
use super::sql;
use super::table::Table;
use crate::catalog::{Catalog, RelationKind};
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName};
use crate::policy::render::{Vars, render};

/// A foreign key of which rows were written while triggers were left out.
#[derive(Debug)]
pub(super) struct Reference {
    name: Ident,
    table: QualifiedName,
    sql: String,
}

impl Reference {
    /// Those of all tables.
    ///
    /// # Errors
    ///
    /// One is over periods, which no plain query checks.
    pub(super) fn all(catalog: &Catalog, tables: &[Table]) -> Result<Vec<Self>> {
        let is_ours = |name: &QualifiedName| tables.iter().any(|table| table.name() == name);
        let keys = catalog.foreign_keys().filter(|(table, _, key)| key.enforced && is_ours(table));
        keys.map(|(table, name, key)| {
            if key.period {
                return Err(Error::config(format!(
                    "foreign key {} of {} is over periods, and triggers have to be left out: nothing would check it",
                    name.plain(),
                    table.plain()
                )));
            }
            let given: Vec<String> = key.columns.iter().map(|column| format!("t.{column} IS NOT NULL")).collect();
            let pairs = key.columns.iter().zip(&key.referenced_columns);
            let same: Vec<String> = pairs.map(|(own, other)| format!("p.{other} = t.{own}")).collect();
            let is_plain = catalog.relations.get(table).is_some_and(|of| of.kind == RelationKind::Table);
            let vars = Vars::default()
                .sql("only", if is_plain { "ONLY" } else { "" })
                .name("schema", table.schema())
                .name("table", table.name())
                .sql("given", given.join(" AND "))
                .name("to_schema", key.references.schema())
                .name("to_table", key.references.name())
                .sql("same", same.join(" AND "));
            let sql = render(sql::DANGLES, &vars)?;
            Ok(Self { name: name.clone(), table: table.clone(), sql })
        })
        .collect()
    }

    pub(super) async fn check(&self, transaction: &Transaction<'_>) -> Result<()> {
        let checking =
            || failed(&format!("checking foreign key {} of {}", self.name.plain(), self.table.plain()));
        let row = transaction.query_one(&self.sql, &[]).await.map_err(checking())?;
        if row.try_get(0).map_err(checking())? {
            return Err(Error::config(format!(
                "a row of {} refers to one that is not there, by foreign key {}; nothing stays",
                self.table.plain(),
                self.name.plain()
            )));
        }
        Ok(())
    }
}

/// A sequence that fills a column, and does not know of the rows that were written.
#[derive(Debug)]
pub(super) struct Sequence {
    name: QualifiedName,
    table: Table,
    column: Ident,
}

impl Sequence {
    /// Those of all tables.
    pub(super) fn all(catalog: &Catalog, tables: &[Table]) -> Vec<Self> {
        let mut found = Vec::new();
        for table in tables {
            let Some(relation) = catalog.relations.get(table.name()) else { continue };
            for column in &relation.columns {
                let owned = catalog.relations.iter().filter(|(_, sequence)| {
                    let owner = sequence.sequence.as_ref().and_then(|of| of.owned_by.as_ref());
                    owner.is_some_and(|(of, by)| of == table.name() && *by == column.name)
                });
                let names = owned.map(|(name, _)| name.clone()).chain(column.sequence());
                for name in names {
                    let is_known =
                        found.iter().any(|known: &Self| known.name == name && known.column == column.name);
                    if !is_known {
                        found.push(Self { name, table: table.clone(), column: column.name.clone() });
                    }
                }
            }
        }
        found
    }

    pub(super) async fn go_on(&self, transaction: &Transaction<'_>, seat: &Seat<'_>) -> Result<()> {
        let vars = Vars::default()
            .name("column", &self.column)
            .name("sequence_schema", self.name.schema())
            .name("sequence", self.name.name())
            .text("name", self.name.to_string());
        let sql = seat.about_own(&self.table, vars, sql::RAISE)?;
        let raising = failed(&format!("setting sequence {}", self.name.plain()));
        transaction.query(&sql, &[]).await.map(drop).map_err(raising)
    }
}
