//! Which rows of a table are whose, one file and one SQL template for each shape.

mod child;
mod column;
mod deny;
mod members;
mod membership;
mod shared;
mod shared_rows;
mod tenant;
mod tree;

use super::model::Tenancy;
use super::privileges::{self, READ, READ_AND_WRITE};
use super::render::{Vars, render};
use super::roles::Roles;
use super::script::Script;
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};

pub(super) use column::{reference, text};

pub use child::Child;
pub use column::TenantColumn;

/// Which rows of a table are whose, and so which policies it has.
///
/// | shape | reads | writes |
/// |---|---|---|
/// | [`Tenant`](Self::Tenant) | the tenant's rows | the tenant's rows |
/// | [`Child`](Self::Child) | rows whose parent the tenant reads | the same |
/// | [`SharedRows`](Self::SharedRows) | the tenant's rows, and those without a tenant | the tenant's rows |
/// | [`Shared`](Self::Shared) | every row | none; the owner of the tables writes |
/// | [`Tree`](Self::Tree) | rows of the tenant and of those below it | the tenant's rows |
/// | [`Membership`](Self::Membership) | rows of every tenant that the user is a member of | the same |
/// | [`Members`](Self::Members) | memberships of the user's own | none |
/// | [`Deny`](Self::Deny) | none | none |
///
/// What is closed here is closed to every role that policies bind, whichever permissive policy or privilege somebody adds
/// later: restrictive policies for PUBLIC see to it. Superusers and roles with BYPASSRLS, such as the system role, are not
/// bound; nor does TRUNCATE ask a policy.
///
/// ```
/// use tenantry::QualifiedName;
/// use tenantry::policy::{Child, Roles, Shape, Tenancy, TenantColumn};
///
/// # fn main() -> tenantry::Result<()> {
/// let (tenancy, roles) = (Tenancy::default(), Roles::new("erp_owner", "erp_app")?);
/// let table = QualifiedName::parse("erp.invoice_line")?;
/// let via_invoice = Child::new(["invoice_id"], "erp.invoice", ["id"])?.tenant(TenantColumn::default());
///
/// let sql = Shape::Child(via_invoice).policies(&table, &tenancy, &roles)?;
/// assert!(sql.contains(r#""parent"."id" = "invoice_line"."invoice_id""#));
///
/// // The table that lists the members has to be named before there can be policies that ask it.
/// assert!(Shape::Membership(TenantColumn::default()).policies(&table, &tenancy, &roles).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// Rows of one tenant each.
    Tenant(TenantColumn),
    /// Rows without a tenant column that refer to rows with one, or to another child's.
    Child(Child),
    /// Rows of one tenant each, and rows without a tenant, such as a catalogue that comes with the product. The column
    /// may be NULL.
    SharedRows(TenantColumn),
    /// Rows that have nothing to do with tenants, such as currencies.
    Shared,
    /// Rows of one tenant each, where tenants are above others. Needs [`Tenancy::tree`].
    ///
    /// The table that says who is above whom can be of this shape itself, by the column that is its key. Each tenant then
    /// chooses who is above it, unless the app role loses the privilege to write there.
    Tree(TenantColumn),
    /// Rows of one tenant each, where users rather than transactions have tenants. Needs [`Tenancy::membership`].
    ///
    /// Whoever reads or writes such a table reads the members too, so it needs SELECT on that table.
    Membership(TenantColumn),
    /// The table that [`Tenancy::membership`] names. Nobody but the system role makes members: whoever could would be one of
    /// any tenant.
    Members,
    /// Rows that no tenant has any business with.
    Deny,
}

/// What is said once of a shape.
struct Spec {
    name: &'static str,
    version: u32,
    /// The template.
    sql: &'static str,
    /// What the app role may do.
    privileges: &'static [&'static str],
}

impl Shape {
    fn spec(&self) -> &'static Spec {
        match self {
            Self::Tenant(_) => &tenant::SPEC,
            Self::Child(_) => &child::SPEC,
            Self::SharedRows(_) => &shared_rows::SPEC,
            Self::Shared => &shared::SPEC,
            Self::Tree(_) => &tree::SPEC,
            Self::Membership(_) => &membership::SPEC,
            Self::Members => &members::SPEC,
            Self::Deny => &deny::SPEC,
        }
    }

    /// The name that the comments of its policies give, such as `shared_rows`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.spec().name
    }

    /// Which issue of its policies this is. It goes up when they change.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.spec().version
    }

    /// The privileges that the app role needs on such a table, and no other.
    #[must_use]
    pub fn privileges(&self) -> &'static [&'static str] {
        self.spec().privileges
    }

    /// The policies of a table: `CREATE POLICY` for each, and a `COMMENT ON POLICY` that names the shape and its version.
    ///
    /// [`script`](Self::script) has everything else that a table needs for them to hold.
    ///
    /// # Errors
    ///
    /// The shape needs something that the tenancy does not name, or cannot be that of this table.
    pub fn policies(&self, table: &QualifiedName, tenancy: &Tenancy, roles: &Roles) -> Result<String> {
        render(self.spec().sql, &self.vars(table, tenancy, roles)?)
    }

    /// The script that gives a table this shape: ENABLE and FORCE, the policies in the place of those that this crate made
    /// before, the shape's [`privileges`](Self::privileges) for the app role, and the four verbs for the system role.
    ///
    /// It leaves columns, indexes and keys alone; [`secure`](super::secure) sees to those of a table with a tenant column.
    ///
    /// Run it as the owner of the table, a member of it, or a superuser; after [`Bootstrap`](super::Bootstrap).
    ///
    /// # Errors
    ///
    /// Those of [`policies`](Self::policies).
    pub fn script(&self, table: &QualifiedName, tenancy: &Tenancy, roles: &Roles) -> Result<Script> {
        let mut script = Script::new()?;
        self.push(&mut script, table, tenancy, roles)?;

        let vars = Vars::default().name("schema", table.schema()).sql("writers", roles.writers());
        let usage = format!("grant usage on schema {}", table.schema());
        script.push(usage, include_str!("../../../sql/policy/schema.sql"), &vars)?;
        privileges::push(&mut script, table, roles, self.privileges())?;
        Ok(script)
    }

    /// Adds what turns the policies of a table on, and the policies.
    pub(super) fn push(
        &self,
        script: &mut Script,
        table: &QualifiedName,
        tenancy: &Tenancy,
        roles: &Roles,
    ) -> Result<()> {
        let enable = include_str!("../../../sql/policy/enable.sql");
        script.push(format!("secure {table}: row-level security"), enable, &on(table))?;
        let vars = self.vars(table, tenancy, roles)?;
        script.push(format!("secure {table}: policies"), self.spec().sql, &vars)
    }

    fn vars<'a>(&'a self, table: &'a QualifiedName, tenancy: &'a Tenancy, roles: &Roles) -> Result<Vars<'a>> {
        let to_roles = || on(table).sql("roles", roles.bound());
        match self {
            Self::Tenant(column) => tenant::vars(to_roles(), column, tenancy),
            Self::Child(child) => child::vars(to_roles(), child, table, tenancy),
            Self::SharedRows(column) => shared_rows::vars(to_roles(), column, tenancy),
            Self::Shared => shared::vars(to_roles(), roles),
            Self::Tree(column) => tree::vars(to_roles(), column, tenancy),
            Self::Membership(column) => membership::vars(to_roles(), column, table, tenancy),
            Self::Members => members::vars(to_roles(), table, tenancy),
            Self::Deny => Ok(on(table)),
        }
    }
}

fn on(table: &QualifiedName) -> Vars<'_> {
    Vars::default().name("schema", table.schema()).name("table", table.name())
}

/// The name of another relation in a policy of a table, which must not be the table's own: inside the subselect it would
/// hide the table.
fn alias(wanted: &'static str, table: &QualifiedName) -> Ident {
    let wanted = Ident::known(wanted);
    if wanted == *table.name() { Ident::joined(&["tenantry", wanted.as_str()]) } else { wanted }
}

#[cfg(test)]
mod tests;
