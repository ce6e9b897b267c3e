//! What a database needs before its first policy: roles, and the function that the policies call.

use super::model::{Missing, Roles, Tenancy};
use super::password::Password;
use super::render::Vars;
use super::script::Script;
use crate::error::{Error, Result};
use crate::ident::Ident;

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../sql/bootstrap/", $name, ".sql"))
    };
}

/// Makes the roles and the support schema, or checks them where they exist.
///
/// A role that exists is never altered: where its attributes or memberships are not those of its purpose, the script
/// fails with SQLSTATE `TN002` and says which role, what was found, what was expected, and what to do.
///
/// The support schema and its functions belong to the role that runs the script, not to the owner of the tables, so that
/// a `DROP … CASCADE` in a migration cannot take the function away and every policy with it. PUBLIC may use both, since
/// the restrictive policies hold for every role.
///
/// # What the role that runs it needs
///
/// - A superuser can run all of it.
/// - Otherwise it takes CREATEROLE for roles that do not exist, and CREATE on the database.
/// - Making the system role takes, besides, a superuser up to PostgreSQL 15, and BYPASSRLS from 16 on.
/// - Making the migrator a member of an owner role that existed before takes the ADMIN option on it from 16 on.
/// - Roles belong to the whole cluster: each further database of the same roles needs CREATE alone.
///
/// See [Role Attributes](https://www.postgresql.org/docs/current/role-attributes.html).
///
/// ```
/// use tenantry::policy::{Bootstrap, Password, Roles, Tenancy};
///
/// # fn main() -> tenantry::Result<()> {
/// let roles = Roles::new("erp_owner", "erp_app")?.system("erp_system")?;
/// let script = Bootstrap::new(Tenancy::default(), roles)
///     .app_password(Password::new("correct horse battery staple")?)
///     .script()?;
/// assert!(!script.to_string().contains("correct horse"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Bootstrap {
    tenancy: Tenancy,
    roles: Roles,
    app_password: Option<Password>,
    migrator_password: Option<Password>,
    system_password: Option<Password>,
}

/// What a role is for, and the attributes that go with it.
struct Purpose {
    name: &'static str,
    logs_in: bool,
    bypasses_policies: bool,
}

const OWNER: Purpose = Purpose { name: "owner", logs_in: false, bypasses_policies: false };
const MIGRATOR: Purpose = Purpose { name: "migrator", logs_in: true, bypasses_policies: false };
const APP: Purpose = Purpose { name: "app", logs_in: true, bypasses_policies: false };
const SYSTEM: Purpose = Purpose { name: "system", logs_in: true, bypasses_policies: true };

impl Bootstrap {
    /// A bootstrap that sets no passwords.
    pub fn new(tenancy: Tenancy, roles: Roles) -> Self {
        Self { tenancy, roles, app_password: None, migrator_password: None, system_password: None }
    }

    /// Sets the password of the app role, whether the role exists or not. Default: it stays as it is.
    pub fn app_password(mut self, password: Password) -> Self {
        self.app_password = Some(password);
        self
    }

    /// Sets the password of the migrator, whether the role exists or not. Default: it stays as it is.
    pub fn migrator_password(mut self, password: Password) -> Self {
        self.migrator_password = Some(password);
        self
    }

    /// Sets the password of the system role, whether the role exists or not. Default: it stays as it is.
    pub fn system_password(mut self, password: Password) -> Self {
        self.system_password = Some(password);
        self
    }

    /// Renders it.
    ///
    /// # Errors
    ///
    /// A password is given for a role that [`Roles`] does not name.
    pub fn script(&self) -> Result<Script> {
        let (owner, app) = (self.roles.owner_role(), self.roles.app_role());
        let (migrator, system) = (self.roles.migrator_role(), self.roles.system_role());
        let logins = [
            (&MIGRATOR, migrator, &self.migrator_password),
            (&APP, Some(app), &self.app_password),
            (&SYSTEM, system, &self.system_password),
        ];

        let mut script = Script::new()?;
        role(&mut script, owner, &OWNER)?;
        for (purpose, name, password) in logins {
            match (name, password) {
                (Some(name), _) => role(&mut script, name, purpose)?,
                (None, Some(_)) => {
                    return Err(Error::config(format!(
                        "a password is given for the {0} role, which is not named; name it with Roles::{0}",
                        purpose.name
                    )));
                }
                (None, None) => {}
            }
        }
        if let Some(migrator) = migrator {
            let vars = Vars::default().name("owner", owner).name("migrator", migrator);
            script.push(format!("bootstrap: {migrator} is a member of {owner}"), file!("member"), &vars)?;
        }
        for (name, purpose) in [(Some(app), &APP), (system, &SYSTEM)] {
            let Some(name) = name else { continue };
            let vars = Vars::default().name("owner", owner).name("role", name).text("purpose", purpose.name);
            script.push(format!("bootstrap: {name} reaches no other role"), file!("apart"), &vars)?;
        }
        for (_, name, password) in logins {
            let (Some(name), Some(password)) = (name, password) else { continue };
            let vars = Vars::default().name("role", name).text("verifier", password.verifier());
            script.push(format!("bootstrap: password of {name}"), file!("password"), &vars)?;
        }
        if self.tenancy.when_missing() == Missing::Error {
            self.support(&mut script)?;
        }
        Ok(script)
    }

    fn support(&self, script: &mut Script) -> Result<()> {
        let support = self.tenancy.support();
        let tenant_type = self.tenancy.tenant_type().sql();
        let setting = self.tenancy.setting_name().as_str();
        let named = || Vars::default().name("support", support);

        let vars = named().name("app", self.roles.app_role());
        script.push(format!("bootstrap: schema {support}"), file!("schema"), &vars)?;
        script.push(format!("bootstrap: function {support}.no_tenant"), file!("no_tenant"), &named())?;
        let vars = named().text("type", tenant_type).text("setting", setting);
        script.push(
            format!("bootstrap: {support}.tenant_id keeps its meaning"),
            file!("tenant_id_kept"),
            &vars,
        )?;
        let vars = named().sql("type", tenant_type).text("setting", setting);
        script.push(format!("bootstrap: function {support}.tenant_id"), file!("tenant_id"), &vars)
    }
}

fn role(script: &mut Script, name: &Ident, purpose: &Purpose) -> Result<()> {
    let vars = Vars::default()
        .name("role", name)
        .text("purpose", purpose.name)
        .text("login", if purpose.logs_in { "LOGIN" } else { "NOLOGIN" })
        .text("bypassrls", if purpose.bypasses_policies { "BYPASSRLS" } else { "NOBYPASSRLS" });
    script.push(format!("bootstrap: {} role {name}", purpose.name), file!("role"), &vars)
}

#[cfg(test)]
mod tests {
    use super::Bootstrap;
    use crate::policy::{Missing, Password, Roles, Tenancy};

    #[test]
    fn a_password_needs_its_role() {
        let bootstrap = Bootstrap::new(Tenancy::default(), Roles::new("o", "a").unwrap());
        let password = Password::new("secret").unwrap();
        assert!(bootstrap.clone().system_password(password.clone()).script().is_err());
        assert!(bootstrap.app_password(password).script().is_ok());
    }

    #[test]
    fn nothing_but_roles_is_made_where_no_function_is_called() {
        let tenancy = Tenancy::default().missing(Missing::Empty);
        let script = Bootstrap::new(tenancy, Roles::new("o", "a").unwrap()).script().unwrap();
        assert!(!script.to_string().contains("CREATE SCHEMA"), "{script}");
    }
}
