//! The column that says whose row it is.

use crate::error::{Error, Result};
use crate::ident::Ident;
use crate::policy::model::Tenancy;
use crate::policy::render::{Vars, render};
use crate::tenant::TenantType;

/// The column that says which tenant a row belongs to, and how a policy compares it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct TenantColumn {
    name: Option<Ident>,
    direct: bool,
    as_text: bool,
}

impl TenantColumn {
    /// A column of this name. The default is the tenancy's.
    ///
    /// # Errors
    ///
    /// The name is not one that PostgreSQL keeps.
    pub fn named(name: impl Into<String>) -> Result<Self> {
        Ok(Self { name: Some(Ident::new(name)?), ..Self::default() })
    }

    /// Compares with the tenant itself, in the place of a subselect that gives it. Default: with the subselect.
    ///
    /// The planner then knows the tenant and takes its share of the table into account, which matters where tenants
    /// differ in size by orders of magnitude. It costs an evaluation for each row where no index is used.
    ///
    /// For shapes that compare with one tenant.
    pub fn direct(mut self) -> Self {
        self.direct = true;
        self
    }

    /// Compares as a text, for a column of type `varchar` or `char` where tenants are of type `text`. Default: as it is.
    pub fn as_text(mut self) -> Self {
        self.as_text = true;
        self
    }

    /// The column in SQL, of a relation where it is not that of the policy.
    pub(super) fn sql(&self, of: Option<&Ident>, tenancy: &Tenancy) -> Result<String> {
        let name = self.name.as_ref().unwrap_or(tenancy.tenant_column());
        if self.as_text { text(of, name, tenancy.tenant_type()) } else { reference(of, name) }
    }

    /// The tenant that the column is compared with.
    pub(super) fn context(&self, tenancy: &Tenancy) -> Result<String> {
        let context = tenancy.context()?;
        if self.direct { Ok(context) } else { once(context) }
    }

    /// Refuses [`direct`](Self::direct) where there is more than one tenant to compare with.
    pub(super) fn not_direct(&self, shape: &str) -> Result<()> {
        if self.direct {
            return Err(Error::config(format!(
                "shape {shape} compares with many tenants; expected a tenant column that is not direct"
            )));
        }
        Ok(())
    }
}

/// A column in SQL, of a relation where it is not that of the policy.
pub(in crate::policy) fn reference(of: Option<&Ident>, column: &Ident) -> Result<String> {
    let vars = Vars::default().name("column", column);
    match of {
        Some(relation) => render(r#":"relation".:"column""#, &vars.name("relation", relation)),
        None => render(r#":"column""#, &vars),
    }
}

/// A column of another text type, compared with values of a type that has to be text.
pub(in crate::policy) fn text(
    of: Option<&Ident>,
    column: &Ident,
    compared_with: TenantType,
) -> Result<String> {
    if compared_with != TenantType::Text {
        return Err(Error::config(format!(
            "column {column} is to be compared as a text, but with values of type {compared_with}; expected type text"
        )));
    }
    render("(:column)::text", &Vars::default().sql("column", reference(of, column)?))
}

/// An expression that the server evaluates once per statement.
pub(super) fn once(expression: String) -> Result<String> {
    render("(SELECT :expression)", &Vars::default().sql("expression", expression))
}
