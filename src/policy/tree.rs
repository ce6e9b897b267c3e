//! Which tenant is above which.

use crate::error::Result;
use crate::ident::{Ident, QualifiedName};

/// The table that says which tenant is above which, a row for each tenant.
///
/// [`Bootstrap`](super::Bootstrap) makes the function `tenantry.tenant_tree()` of it, which gives the tenant of the
/// transaction and all tenants below it. A tenant that is above itself, by however many steps, does no harm.
///
/// ```
/// use tenantry::policy::{Roles, Tenancy, Tree};
///
/// # fn main() -> tenantry::Result<()> {
/// let tenancy = Tenancy::default().tree(Tree::new("public.company", "id", "parent_id")?);
/// assert!(Tree::new("company", "id", "parent_id").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    table: QualifiedName,
    id: Ident,
    parent: Ident,
}

impl Tree {
    /// A table, named `schema.table`, the column that is the tenant, and the column that is the tenant above it or NULL.
    ///
    /// # Errors
    ///
    /// The text is not of that form, or a name is not one that PostgreSQL keeps.
    pub fn new(table: &str, id: impl Into<String>, parent: impl Into<String>) -> Result<Self> {
        Ok(Self { table: QualifiedName::parse(table)?, id: Ident::new(id)?, parent: Ident::new(parent)? })
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &QualifiedName {
        &self.table
    }

    /// The column that is the tenant.
    #[must_use]
    pub fn id(&self) -> &Ident {
        &self.id
    }

    /// The column that is the tenant above it.
    #[must_use]
    pub fn parent(&self) -> &Ident {
        &self.parent
    }
}
