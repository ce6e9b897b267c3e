//! What is wanted: how tenants are told apart, and which roles there are.

use super::render::{Vars, render};
use crate::error::{Error, Result};
use crate::ident::{Ident, SettingName};
use crate::tenant::TenantType;

/// How the tables of a database tell tenants apart.
///
/// | knob | default |
/// |---|---|
/// | [`setting`](Self::setting) | `app.tenant_id` |
/// | [`column`](Self::column) | `tenant_id` |
/// | [`missing`](Self::missing) | [`Missing::Error`] |
/// | [`support_schema`](Self::support_schema) | `tenantry` |
///
/// ```
/// use tenantry::TenantType;
/// use tenantry::policy::{Missing, Tenancy};
///
/// # fn main() -> tenantry::Result<()> {
/// let tenancy = Tenancy::new(TenantType::Bigint).column("company_id")?.missing(Missing::Empty);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Tenancy {
    tenant_type: TenantType,
    setting: SettingName,
    column: Ident,
    missing: Missing,
    support_schema: Ident,
}

/// What a statement gets that runs without a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Missing {
    /// SQLSTATE `TN001`. The default.
    ///
    /// The policies call `tenantry.tenant_id()`, so run [`Bootstrap`](super::Bootstrap) first. The server evaluates the
    /// call once per statement and only when it needs it: a sequential scan that meets no row, of any tenant, needs it
    /// not, and a statement without a tenant then finds nothing, which is what every tenant would have found.
    #[default]
    Error,
    /// No rows, as if the tables were empty. An INSERT is refused, with SQLSTATE 42501.
    ///
    /// The policies read the setting themselves and need no function of this crate's.
    Empty,
}

impl Tenancy {
    /// Tenants whose key has this type, and defaults for the rest.
    #[must_use]
    pub fn new(tenant_type: TenantType) -> Self {
        Self {
            tenant_type,
            setting: SettingName::known("app.tenant_id"),
            column: Ident::known("tenant_id"),
            missing: Missing::default(),
            support_schema: Ident::known("tenantry"),
        }
    }

    /// The setting that carries the tenant of a transaction. It has to be the one that the pool binds.
    /// Default: `app.tenant_id`.
    ///
    /// # Errors
    ///
    /// The name is not of the form `prefix.name`.
    pub fn setting(mut self, name: impl AsRef<str>) -> Result<Self> {
        self.setting = SettingName::new(name)?;
        Ok(self)
    }

    /// The tenant column, where a table does not name its own. Default: `tenant_id`.
    ///
    /// # Errors
    ///
    /// The name is not one that PostgreSQL keeps.
    pub fn column(mut self, name: impl Into<String>) -> Result<Self> {
        self.column = Ident::new(name)?;
        Ok(self)
    }

    /// What a statement gets that runs without a tenant. Default: [`Missing::Error`].
    #[must_use]
    pub fn missing(mut self, missing: Missing) -> Self {
        self.missing = missing;
        self
    }

    /// The schema of the functions that [`Missing::Error`] needs. Default: `tenantry`.
    ///
    /// Two tenancies of different types in one database need two of them.
    ///
    /// # Errors
    ///
    /// The name is not one that PostgreSQL keeps.
    pub fn support_schema(mut self, name: impl Into<String>) -> Result<Self> {
        self.support_schema = Ident::new(name)?;
        Ok(self)
    }

    pub(super) fn tenant_type(&self) -> TenantType {
        self.tenant_type
    }

    pub(super) fn setting_name(&self) -> &SettingName {
        &self.setting
    }

    pub(super) fn tenant_column(&self) -> &Ident {
        &self.column
    }

    pub(super) fn when_missing(&self) -> Missing {
        self.missing
    }

    pub(super) fn support(&self) -> &Ident {
        &self.support_schema
    }

    /// The expression that gives the tenant of the statement.
    ///
    /// A setting that was set once reads as an empty text after its transaction, not as NULL, for as long as the
    /// connection lives; hence the NULLIF before the cast.
    pub(super) fn context(&self) -> Result<String> {
        match self.missing {
            Missing::Error => {
                render(r#":"support".tenant_id()"#, &Vars::default().name("support", &self.support_schema))
            }
            Missing::Empty => {
                let vars = Vars::default()
                    .text("setting", self.setting.as_str())
                    .sql("tenant_type", self.tenant_type.sql());
                render("nullif(pg_catalog.current_setting(:'setting', true), ''):::tenant_type", &vars)
            }
        }
    }
}

/// The tenants are told apart by a uuid.
impl Default for Tenancy {
    fn default() -> Self {
        Self::new(TenantType::default())
    }
}

/// The roles of a database whose tables belong to tenants.
///
/// | role | logs in | is for |
/// |---|---|---|
/// | owner | no | owning the tables |
/// | migrator | yes | migrations, as a member of owner |
/// | app | yes | services; the policies bind it to one tenant |
/// | system | yes | work across tenants; it has BYPASSRLS |
///
/// ```
/// use tenantry::policy::Roles;
///
/// # fn main() -> tenantry::Result<()> {
/// let roles = Roles::new("erp_owner", "erp_app")?.migrator("erp_migrator")?.system("erp_system")?;
/// assert!(Roles::new("erp", "erp").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Roles {
    owner: Ident,
    app: Ident,
    migrator: Option<Ident>,
    system: Option<Ident>,
}

impl Roles {
    /// The two roles that are always there.
    ///
    /// # Errors
    ///
    /// A name is not one that PostgreSQL keeps, or the two are the same: an owner can drop the policies of its tables.
    pub fn new(owner: impl Into<String>, app: impl Into<String>) -> Result<Self> {
        Self { owner: Ident::new(owner)?, app: Ident::new(app)?, migrator: None, system: None }.distinct()
    }

    /// The role that runs migrations. Default: none.
    ///
    /// # Errors
    ///
    /// The name is not one that PostgreSQL keeps, or is that of another role here.
    pub fn migrator(mut self, name: impl Into<String>) -> Result<Self> {
        self.migrator = Some(Ident::new(name)?);
        self.distinct()
    }

    /// The role for work across tenants. Default: none.
    ///
    /// # Errors
    ///
    /// The name is not one that PostgreSQL keeps, or is that of another role here.
    pub fn system(mut self, name: impl Into<String>) -> Result<Self> {
        self.system = Some(Ident::new(name)?);
        self.distinct()
    }

    pub(super) fn owner_role(&self) -> &Ident {
        &self.owner
    }

    pub(super) fn app_role(&self) -> &Ident {
        &self.app
    }

    pub(super) fn migrator_role(&self) -> Option<&Ident> {
        self.migrator.as_ref()
    }

    pub(super) fn system_role(&self) -> Option<&Ident> {
        self.system.as_ref()
    }

    /// The roles that read and write rows, as a list in SQL.
    pub(super) fn writers(&self) -> String {
        let roles: Vec<String> =
            [Some(&self.app), self.system.as_ref()].into_iter().flatten().map(Ident::to_string).collect();
        roles.join(", ")
    }

    fn distinct(self) -> Result<Self> {
        let mut names: Vec<&Ident> =
            [Some(&self.owner), Some(&self.app), self.migrator.as_ref(), self.system.as_ref()]
                .into_iter()
                .flatten()
                .collect();
        names.sort();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Error::config(format!(
                "role {} is given two purposes; expected a role for each of owner, migrator, app and system",
                pair[0]
            ))),
            None => Ok(self),
        }
    }
}
