//! Which roles there are, and what for.

use crate::error::{Error, Result};
use crate::ident::Ident;

/// The roles of a database whose tables belong to tenants.
///
/// | role | logs in | is for |
/// |---|---|---|
/// | owner | no | owning the tables |
/// | migrator | yes | migrations, as a member of owner |
/// | app | yes | services; the policies bind it to one tenant |
/// | system | yes | work across tenants; it has BYPASSRLS |
/// | backup | yes | pg_dump; it has BYPASSRLS, reads everything and writes nothing |
/// | resolver | no | owning the functions that look a tenant up; it has BYPASSRLS, and reads the columns that they need |
/// | sealer | no | owning the keys of seals and the functions that verify them |
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
    owner: Option<Ident>,
    app: Ident,
    migrator: Option<Ident>,
    system: Option<Ident>,
    backup: Option<Ident>,
    resolver: Option<Ident>,
    sealer: Option<Ident>,
}

impl Roles {
    /// The role that owns the tables, and the one of services.
    ///
    /// # Errors
    ///
    /// A name is not one that PostgreSQL keeps, or the two are the same: an owner can drop the policies of its tables.
    pub fn new(owner: impl Into<String>, app: impl Into<String>) -> Result<Self> {
        Self { owner: Some(Ident::new(owner)?), ..Self::without_owner(app)? }.distinct()
    }

    /// The role of services alone, where it does not matter who owns the tables: their owners, bound by FORCE, reach no
    /// row.
    ///
    /// # Errors
    ///
    /// The name is not one that PostgreSQL keeps.
    pub fn without_owner(app: impl Into<String>) -> Result<Self> {
        Ok(Self {
            owner: None,
            app: Ident::new(app)?,
            migrator: None,
            system: None,
            backup: None,
            resolver: None,
            sealer: None,
        })
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

    /// The role that `pg_dump` logs in as. It reads the rows of all tenants, and may write none. Default: none.
    ///
    /// # Errors
    ///
    /// The name is not one that PostgreSQL keeps, or is that of another role here.
    pub fn backup(mut self, name: impl Into<String>) -> Result<Self> {
        self.backup = Some(Ident::new(name)?);
        self.distinct()
    }

    /// The role that the functions belong to which look a tenant up before one is known. It cannot log in, nobody is to be a member of
    /// it, and it reads no more columns than those functions need. Default: none.
    ///
    /// # Errors
    ///
    /// The name is not one that PostgreSQL keeps, or is that of another role here.
    pub fn resolver(mut self, name: impl Into<String>) -> Result<Self> {
        self.resolver = Some(Ident::new(name)?);
        self.distinct()
    }

    /// The role that the keys of seals belong to, and the functions that verify them. It cannot log in, and nobody is to be a member of it.
    /// Default: none.
    ///
    /// # Errors
    ///
    /// The name is not one that PostgreSQL keeps, or is that of another role here.
    pub fn sealer(mut self, name: impl Into<String>) -> Result<Self> {
        self.sealer = Some(Ident::new(name)?);
        self.distinct()
    }

    pub(crate) fn owner_role(&self) -> Option<&Ident> {
        self.owner.as_ref()
    }

    pub(crate) fn app_role(&self) -> &Ident {
        &self.app
    }

    pub(crate) fn migrator_role(&self) -> Option<&Ident> {
        self.migrator.as_ref()
    }

    pub(crate) fn system_role(&self) -> Option<&Ident> {
        self.system.as_ref()
    }

    pub(crate) fn backup_role(&self) -> Option<&Ident> {
        self.backup.as_ref()
    }

    pub(crate) fn resolver_role(&self) -> Option<&Ident> {
        self.resolver.as_ref()
    }

    pub(crate) fn sealer_role(&self) -> Option<&Ident> {
        self.sealer.as_ref()
    }

    /// Whether it is a role that policies are not to bind.
    #[cfg(feature = "lint")]
    pub(crate) fn is_above_policies(&self, role: &Ident) -> bool {
        [&self.system, &self.backup, &self.resolver].into_iter().flatten().any(|of| of == role)
    }

    /// The roles that read and write rows, as a list in SQL.
    pub(crate) fn writers(&self) -> String {
        list([Some(&self.app), self.system.as_ref()])
    }

    /// The roles that permissive policies open rows to, as a list in SQL.
    ///
    /// The owner is one so that a migration reaches the rows of a tenant once it has bound one.
    pub(crate) fn bound(&self) -> String {
        list([Some(&self.app), self.owner.as_ref()])
    }

    fn distinct(self) -> Result<Self> {
        let others = [&self.owner, &self.migrator, &self.system, &self.backup, &self.resolver, &self.sealer];
        let mut names: Vec<&Ident> = others.into_iter().flatten().chain([&self.app]).collect();
        names.sort();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Error::config(format!(
                "role {} is given two purposes; expected a role for each of owner, migrator, app, system, backup, resolver and sealer",
                pair[0]
            ))),
            None => Ok(self),
        }
    }
}

fn list<const N: usize>(roles: [Option<&Ident>; N]) -> String {
    let names: Vec<String> = roles.into_iter().flatten().map(Ident::to_string).collect();
    names.join(", ")
}
