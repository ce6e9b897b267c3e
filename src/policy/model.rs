//! What is wanted: how tenants are told apart.

use super::membership::Membership;
use super::render::{Vars, render};
use super::sealed::Seal;
use super::tree::Tree;
use crate::error::Result;
use crate::ident::{Ident, QualifiedName, SettingName};
use crate::tenant::TenantType;

/// How the tables of a database tell tenants apart.
///
/// | knob | default |
/// |---|---|
/// | [`setting`](Self::setting) | `app.tenant_id` |
/// | [`column`](Self::column) | `tenant_id` |
/// | [`missing`](Self::missing) | [`Missing::Error`] |
/// | [`support_schema`](Self::support_schema) | `tenantry` |
/// | [`tree`](Self::tree) | no tenant is above another |
/// | [`membership`](Self::membership) | transactions have tenants, not users |
/// | [`seal`](Self::seal) | whoever can run SQL can bind any tenant |
/// | [`record_system_access`](Self::record_system_access) | the log alone tells of work across tenants |
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
    tree: Option<Tree>,
    membership: Option<Membership>,
    records_system_access: bool,
    seal: Option<Seal>,
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
            tree: None,
            membership: None,
            records_system_access: false,
            seal: None,
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

    /// Which tenant is above which, for [`Shape::Tree`](super::Shape::Tree). Default: none is above another.
    #[must_use]
    pub fn tree(mut self, tree: Tree) -> Self {
        self.tree = Some(tree);
        self
    }

    /// Which user is a member of which tenant, for [`Shape::Membership`](super::Shape::Membership). Default: transactions
    /// have tenants, not users.
    #[must_use]
    pub fn membership(mut self, membership: Membership) -> Self {
        self.membership = Some(membership);
        self
    }

    /// Makes a table `system_access` in the support schema, in which each transaction across tenants leaves a row. The system role can
    /// add rows and neither read nor change them. Default: no such table.
    ///
    /// The pool fills it where it was told to, see [`TenantPoolBuilder::record_system_access`](crate::TenantPoolBuilder::record_system_access).
    #[must_use]
    pub fn record_system_access(mut self) -> Self {
        self.records_system_access = true;
        self
    }

    /// Has policies take no tenant but a sealed one: a setting that only who holds a key can have written. Default: whoever can run SQL
    /// can bind any tenant.
    ///
    /// The policies then call `tenantry.tenant_id()` whatever [`missing`](Self::missing) says, and where there is a
    /// [`membership`](Self::membership), `tenantry.user_id()`. See [`Seal`].
    #[must_use]
    pub fn seal(mut self, seal: Seal) -> Self {
        self.seal = Some(seal);
        self
    }

    pub(crate) fn sealed(&self) -> Option<Seal> {
        self.seal
    }

    /// Whether the policies call a function that gives the tenant.
    pub(crate) fn calls_a_function(&self) -> bool {
        self.missing == Missing::Error || self.seal.is_some()
    }

    /// Where accesses across tenants are recorded, if they are.
    pub(crate) fn system_access(&self) -> Option<QualifiedName> {
        self.records_system_access
            .then(|| QualifiedName::new(self.support_schema.clone(), Ident::known("system_access")))
    }

    pub(crate) fn tenant_type(&self) -> TenantType {
        self.tenant_type
    }

    pub(crate) fn setting_name(&self) -> &SettingName {
        &self.setting
    }

    pub(crate) fn tenant_column(&self) -> &Ident {
        &self.column
    }

    pub(crate) fn when_missing(&self) -> Missing {
        self.missing
    }

    pub(crate) fn support(&self) -> &Ident {
        &self.support_schema
    }

    pub(crate) fn tenant_tree(&self) -> Option<&Tree> {
        self.tree.as_ref()
    }

    pub(crate) fn members(&self) -> Option<&Membership> {
        self.membership.as_ref()
    }

    /// The expression that gives the tenant of the statement.
    pub(crate) fn context(&self) -> Result<String> {
        if self.calls_a_function() {
            self.call("tenant_id")
        } else {
            self.bound(&self.setting, self.tenant_type)
        }
    }

    /// The call of a function without arguments in the support schema.
    pub(super) fn call(&self, name: &'static str) -> Result<String> {
        let name = Ident::known(name);
        let vars = Vars::default().name("support", &self.support_schema).sql("name", name.as_str());
        render(r#":"support".:name()"#, &vars)
    }

    /// The expression that gives the value of a setting of the transaction.
    ///
    /// A setting that was set once reads as an empty text after its transaction, not as NULL, for as long as the
    /// connection lives; hence the NULLIF before the cast. A text is not cast: the server would forget the cast, and what
    /// it writes back would differ from what was written.
    pub(super) fn bound(&self, setting: &SettingName, value_type: TenantType) -> Result<String> {
        let vars = Vars::default().text("setting", setting.as_str());
        let mut bound = render("nullif(pg_catalog.current_setting(:'setting', true), '')", &vars)?;
        if self.missing == Missing::Error {
            let vars = vars.name("support", &self.support_schema).sql("bound", bound);
            bound = render(r#"coalesce(:bound, :"support".no_tenant(:'setting'))"#, &vars)?;
        }
        match value_type {
            TenantType::Text => Ok(bound),
            other => render(":bound:::type", &Vars::default().sql("bound", bound).sql("type", other.sql())),
        }
    }
}

/// The tenants are told apart by a uuid.
impl Default for Tenancy {
    fn default() -> Self {
        Self::new(TenantType::default())
    }
}
