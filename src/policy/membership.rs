//! Who is a member of which tenant.

use super::model::Tenancy;
use super::shapes::{reference, text};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName, SettingName};
use crate::tenant::TenantType;

/// The table that says which user is a member of which tenant, a row for each.
///
/// The user is bound as the tenant is, by a setting of the transaction:
/// [`TenantContext::set`](crate::TenantContext::set).
///
/// ```
/// use tenantry::TenantType;
/// use tenantry::policy::{Membership, Tenancy};
///
/// # fn main() -> tenantry::Result<()> {
/// let membership = Membership::new("public.membership", "user_id", "tenant_id", TenantType::Bigint)?;
/// let tenancy = Tenancy::default().membership(membership.setting("erp.user_id")?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    table: QualifiedName,
    user: Ident,
    tenant: Ident,
    user_type: TenantType,
    setting: SettingName,
    user_as_text: bool,
    tenant_as_text: bool,
}

impl Membership {
    /// A table, named `schema.table`, its columns of the user and of the tenant, and the type of users.
    ///
    /// # Errors
    ///
    /// The text is not of that form, or a name is not one that PostgreSQL keeps.
    pub fn new(
        table: &str,
        user: impl Into<String>,
        tenant: impl Into<String>,
        user_type: TenantType,
    ) -> Result<Self> {
        Ok(Self {
            table: QualifiedName::parse(table)?,
            user: Ident::new(user)?,
            tenant: Ident::new(tenant)?,
            user_type,
            setting: SettingName::known("app.user_id"),
            user_as_text: false,
            tenant_as_text: false,
        })
    }

    /// The setting that carries the user of a transaction. Default: `app.user_id`.
    ///
    /// # Errors
    ///
    /// The name is not of the form `prefix.name`.
    pub fn setting(mut self, name: impl AsRef<str>) -> Result<Self> {
        self.setting = SettingName::new(name)?;
        Ok(self)
    }

    /// Compares users as texts, for a column of type `varchar` or `char`. Default: as they are.
    #[must_use]
    pub fn user_as_text(mut self) -> Self {
        self.user_as_text = true;
        self
    }

    /// Compares tenants as texts, for a column of type `varchar` or `char`. Default: as they are.
    #[must_use]
    pub fn tenant_as_text(mut self) -> Self {
        self.tenant_as_text = true;
        self
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &QualifiedName {
        &self.table
    }

    pub(crate) fn user(&self) -> (&Ident, TenantType) {
        (&self.user, self.user_type)
    }

    pub(crate) fn user_setting(&self) -> &SettingName {
        &self.setting
    }

    #[cfg(feature = "lint")]
    pub(crate) fn tenant(&self) -> &Ident {
        &self.tenant
    }

    pub(super) fn user_sql(&self, of: Option<&Ident>) -> Result<String> {
        if self.user_as_text { text(of, &self.user, self.user_type) } else { reference(of, &self.user) }
    }

    pub(super) fn tenant_sql(&self, of: Option<&Ident>, tenancy: &Tenancy) -> Result<String> {
        if self.tenant_as_text {
            text(of, &self.tenant, tenancy.tenant_type())
        } else {
            reference(of, &self.tenant)
        }
    }

    /// The expression that gives the user of the statement.
    pub(super) fn context(&self, tenancy: &Tenancy) -> Result<String> {
        if tenancy.sealed().is_some() {
            tenancy.call("user_id")
        } else {
            tenancy.bound(&self.setting, self.user_type)
        }
    }
}
