//! A foreign key that cannot lead to another tenant's row.

use super::render::Vars;
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName};

/// A foreign key with the tenant column on both sides.
///
/// The server checks foreign keys without asking the policies. A key without the tenant column therefore tells a tenant
/// which keys others use, lets it point at their rows, and carries a cascade into them.
///
/// The referenced table needs a unique index on its tenant column and the referenced columns, see
/// [`TenantTable::unique`](super::TenantTable::unique). A row in which one of the columns is NULL refers to nothing.
///
/// See [Foreign Keys](https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK).
#[derive(Clone, Debug)]
pub struct ForeignKey {
    columns: Vec<Ident>,
    references: QualifiedName,
    referenced_columns: Vec<Ident>,
    referenced_tenant_column: Option<Ident>,
    on_delete: OnDelete,
    replaces: Option<Ident>,
}

/// What happens to a row when the row that it refers to is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnDelete {
    /// The deletion fails at the end of the statement, or of the transaction if the key is deferred. The default.
    #[default]
    NoAction,
    /// The deletion fails at once.
    Restrict,
    /// The row is deleted too.
    Cascade,
    /// The columns are set to NULL, the tenant column excepted. Needs PostgreSQL 15.
    SetNull,
    /// The columns are set to their defaults, the tenant column excepted. Needs PostgreSQL 15.
    SetDefault,
}

impl OnDelete {
    fn sql(self) -> &'static str {
        match self {
            Self::NoAction => "NO ACTION",
            Self::Restrict => "RESTRICT",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
            Self::SetDefault => "SET DEFAULT",
        }
    }
}

impl ForeignKey {
    /// A foreign key; the tenant column is not among the columns given, it is put before them on both sides.
    ///
    /// Without any columns the tenant column alone refers, as it does to a table that holds one row per tenant.
    ///
    /// # Errors
    ///
    /// A name is not one that PostgreSQL keeps, `references` is not of the form `schema.table`, or the two sides
    /// differ in their number of columns.
    pub fn new<'a>(
        columns: impl IntoIterator<Item = &'a str>,
        references: &str,
        referenced_columns: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self> {
        let columns = columns.into_iter().map(Ident::new).collect::<Result<Vec<_>>>()?;
        let referenced_columns =
            referenced_columns.into_iter().map(Ident::new).collect::<Result<Vec<_>>>()?;
        let references = QualifiedName::parse(references)?;
        if columns.len() != referenced_columns.len() {
            return Err(Error::config(format!(
                "a foreign key to {references} has {} columns and refers to {}; expected as many on both sides",
                columns.len(),
                referenced_columns.len()
            )));
        }
        Ok(Self {
            columns,
            references,
            referenced_columns,
            referenced_tenant_column: None,
            on_delete: OnDelete::default(),
            replaces: None,
        })
    }

    /// The tenant column of the referenced table. Default: the one that the table has if it is secured in the same set,
    /// else the tenancy's.
    ///
    /// # Errors
    ///
    /// The name is not one that PostgreSQL keeps.
    pub fn referenced_tenant_column(mut self, name: impl Into<String>) -> Result<Self> {
        self.referenced_tenant_column = Some(Ident::new(name)?);
        Ok(self)
    }

    /// What a deletion of the referenced row does. Default: [`OnDelete::NoAction`].
    #[must_use]
    pub fn on_delete(mut self, action: OnDelete) -> Self {
        self.on_delete = action;
        self
    }

    /// The constraint that this one takes the place of: the foreign key without the tenant column. It is dropped.
    /// Default: none.
    ///
    /// # Errors
    ///
    /// The name is not one that PostgreSQL keeps.
    pub fn replaces(mut self, constraint: impl Into<String>) -> Result<Self> {
        self.replaces = Some(Ident::new(constraint)?);
        Ok(self)
    }

    pub(super) fn references(&self) -> &QualifiedName {
        &self.references
    }

    pub(super) fn replaced(&self) -> Option<&Ident> {
        self.replaces.as_ref()
    }

    /// The name of the constraint: the table's, the columns', and what it is.
    pub(super) fn constraint(&self, table: &Ident) -> Ident {
        let columns = self.columns.iter().map(Ident::as_str);
        let parts: Vec<&str> =
            std::iter::once(table.as_str()).chain(columns).chain(["tenant_fkey"]).collect();
        Ident::joined(&parts)
    }

    /// The variables that say what refers to what. `default_tenant_column` is the referenced table's.
    pub(super) fn vars<'a>(
        &'a self,
        vars: Vars<'a>,
        tenant_column: &'a Ident,
        default_tenant_column: &'a Ident,
    ) -> Vars<'a> {
        let referenced_tenant_column =
            self.referenced_tenant_column.as_ref().unwrap_or(default_tenant_column);
        let columns: Vec<&Ident> = std::iter::once(tenant_column).chain(&self.columns).collect();
        let referenced: Vec<&Ident> =
            std::iter::once(referenced_tenant_column).chain(&self.referenced_columns).collect();
        let only_own: Vec<&Ident> = match self.on_delete {
            OnDelete::SetNull | OnDelete::SetDefault => self.columns.iter().collect(),
            OnDelete::NoAction | OnDelete::Restrict | OnDelete::Cascade => Vec::new(),
        };
        vars.names("columns", &columns)
            .name("referenced_schema", self.references.schema())
            .name("referenced_table", self.references.name())
            .names("referenced_columns", &referenced)
            .text("on_delete", self.on_delete.sql())
            .names("on_delete_columns", &only_own)
    }
}
