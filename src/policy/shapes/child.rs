//! Rows that belong to whoever the row that they refer to belongs to.

use super::column::reference;
use super::{READ_AND_WRITE, Spec, TenantColumn, alias};
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName};
use crate::policy::model::Tenancy;
use crate::policy::render::{Vars, render};

pub(super) const SPEC: Spec = Spec {
    name: "child",
    version: 1,
    sql: include_str!("../../../sql/policy/shapes/child.sql"),
    privileges: READ_AND_WRITE,
};

/// How a row without a tenant column leads to a row that has one.
///
/// The policies look the parent up by its key for each row. A tenant column in the table itself, as
/// [`secure`](crate::policy::secure) wants it, is faster and lets the foreign key include the tenant.
///
/// A parent has to have an index on the columns referred to, which it has if there is a foreign key. A row whose columns
/// are NULL has no parent, and nobody reaches it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Child {
    columns: Vec<Ident>,
    parent: QualifiedName,
    keys: Vec<Ident>,
    tenant: Option<TenantColumn>,
}

impl Child {
    /// Rows whose columns refer to the keys of a parent, named `schema.table`.
    ///
    /// # Errors
    ///
    /// A name is not one that PostgreSQL keeps, `parent` is not of the form `schema.table`, there is no column, or the two
    /// sides differ in their number of columns.
    pub fn new<'a>(
        columns: impl IntoIterator<Item = &'a str>,
        parent: &str,
        keys: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self> {
        let columns = columns.into_iter().map(Ident::new).collect::<Result<Vec<_>>>()?;
        let keys = keys.into_iter().map(Ident::new).collect::<Result<Vec<_>>>()?;
        let parent = QualifiedName::parse(parent)?;
        if columns.is_empty() || columns.len() != keys.len() {
            return Err(Error::config(format!(
                "a child of {parent} has {} columns for {} keys; expected as many of both, and at least one",
                columns.len(),
                keys.len()
            )));
        }
        Ok(Self { columns, parent, keys, tenant: None })
    }

    /// The parent's tenant column, which the policies then compare themselves. Default: the parent's own policies decide
    /// alone.
    ///
    /// Name it wherever the parent has one: who reads a row of the parent may otherwise write its children, and under
    /// [`Shape::SharedRows`](super::Shape::SharedRows) and [`Shape::Tree`](super::Shape::Tree) not every row that a
    /// tenant reads is its own. Leave it out where the parent is a child itself, and where users have tenants.
    pub fn tenant(mut self, column: TenantColumn) -> Self {
        self.tenant = Some(column);
        self
    }

    /// The conditions that make a row of the parent the one, in SQL.
    fn matches(&self, table: &QualifiedName, parent: &Ident, tenancy: &Tenancy) -> Result<String> {
        let equal = |left: String, right: String| {
            render(":left = :right", &Vars::default().sql("left", left).sql("right", right))
        };
        let mut conditions = Vec::new();
        for (key, column) in self.keys.iter().zip(&self.columns) {
            let key = reference(Some(parent), key)?;
            conditions.push(equal(key, reference(Some(table.name()), column)?)?);
        }
        if let Some(column) = &self.tenant {
            conditions.push(equal(column.sql(Some(parent), tenancy)?, column.context(tenancy)?)?);
        }
        Ok(conditions.join(" AND "))
    }
}

pub(super) fn vars<'a>(
    vars: Vars<'a>,
    child: &'a Child,
    table: &QualifiedName,
    tenancy: &Tenancy,
) -> Result<Vars<'a>> {
    if child.parent == *table {
        // The server would say "infinite recursion detected in policy" to every statement.
        return Err(Error::config(format!(
            "table {table} is a child of itself; expected a parent that leads to a tenant"
        )));
    }
    let alias = alias("parent", table);
    Ok(vars
        .name("parent_schema", child.parent.schema())
        .name("parent_table", child.parent.name())
        .sql("alias", alias.to_string())
        .sql("match", child.matches(table, &alias, tenancy)?))
}
