//! Who runs migrations, and as whom their statements run.

use tokio_postgres::Client;

use crate::error::{Error, Result};
use crate::ident::Ident;
use crate::policy::Roles;

/// The role that has logged in, and whom it can become.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own to the server")]
pub(crate) struct Login {
    name: String,
    superuser: bool,
    bypasses: bool,
    owner: bool,
    system: bool,
    app: bool,
    app_exists: bool,
}

impl Login {
    pub(crate) async fn read(client: &Client, roles: &Roles, server_version: u32) -> Result<Self> {
        let failed = |source| Error::script("looking at the role that runs the migrations", source);
        let name = |role: Option<&Ident>| role.map(|role| role.as_str().to_owned());
        let how = if server_version < 160_000 { "MEMBER" } else { "SET" };
        let (owner, system, app) =
            (name(roles.owner_role()), name(roles.system_role()), name(Some(roles.app_role())));
        let sql = include_str!("../../sql/migrate/login.sql");
        let row = client.query_one(sql, &[&owner, &system, &app, &how]).await.map_err(failed)?;
        let is = |column| row.try_get::<_, bool>(column).map_err(failed);
        Ok(Self {
            name: row.try_get("name").map_err(failed)?,
            superuser: is("superuser")?,
            bypasses: is("bypasses")?,
            owner: is("owner")?,
            system: is("system")?,
            app: is("app")?,
            app_exists: is("app_exists")?,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether nothing is forbidden to it.
    pub(crate) fn is_superuser(&self) -> bool {
        self.superuser
    }

    /// Whether the app role is there.
    pub(crate) fn app_exists(&self) -> bool {
        self.app_exists
    }

    /// The role that makes and changes objects, unless it is the login: the owner, so that whoever deploys next can change
    /// them too. A superuser does what it does as itself.
    pub(crate) fn for_schema<'r>(&self, roles: &'r Roles) -> Option<&'r Ident> {
        let owner = roles.owner_role().filter(|owner| owner.as_str() != self.name)?;
        (self.owner && !self.superuser).then_some(owner)
    }

    /// The role that the runner's own tables are to belong to, unless it is the login, so that whoever deploys next can go on.
    pub(crate) fn for_tables<'r>(&self, roles: &'r Roles) -> Option<&'r Ident> {
        roles.owner_role().filter(|owner| self.owner && owner.as_str() != self.name)
    }

    /// The role that reaches the rows of all tenants, unless it is the login.
    pub(crate) fn for_system<'r>(&self, roles: &'r Roles) -> Result<Option<&'r Ident>> {
        match roles.system_role() {
            Some(system) if self.system => Ok((system.as_str() != self.name).then_some(system)),
            _ if self.bypasses => Ok(None),
            Some(system) => Err(Error::lacks_role(format!(
                "role {:?} does not reach the rows of all tenants; run GRANT {system} TO {:?}, or log in as another role",
                self.name, self.name
            ))),
            None => Err(Error::lacks_role(format!(
                "role {:?} does not reach the rows of all tenants; name a role with BYPASSRLS as system in the manifest, and \
                 grant it to {:?}",
                self.name, self.name
            ))),
        }
    }

    /// The role of services, unless it is the login.
    #[cfg(feature = "prove")]
    pub(crate) fn for_app<'r>(&self, roles: &'r Roles) -> Result<Option<&'r Ident>> {
        let app = roles.app_role();
        if self.app {
            return Ok((app.as_str() != self.name).then_some(app));
        }
        Err(Error::lacks_role(format!(
            "role {:?} cannot act as the app role; run GRANT {app} TO {:?}, or log in as a superuser",
            self.name, self.name
        )))
    }

    /// The role that reaches the rows of the tenant that is bound, and no other's, unless it is the login.
    pub(crate) fn for_tenant<'r>(&self, roles: &'r Roles) -> Result<Option<&'r Ident>> {
        let bound = match roles.owner_role() {
            Some(owner) if self.owner => owner,
            _ if self.app => roles.app_role(),
            _ => {
                let wanted = roles.owner_role().unwrap_or(roles.app_role());
                return Err(Error::lacks_role(format!(
                    "role {:?} does not reach the rows of a tenant that is bound; run GRANT {wanted} TO {:?}, or log in as \
                     another role",
                    self.name, self.name
                )));
            }
        };
        Ok((bound.as_str() != self.name).then_some(bound))
    }
}

#[cfg(test)]
mod tests {
    use super::Login;
    use crate::ident::Ident;
    use crate::policy::Roles;

    fn login(name: &str) -> Login {
        Login {
            name: name.to_owned(),
            superuser: false,
            bypasses: false,
            owner: false,
            system: false,
            app: false,
            app_exists: true,
        }
    }

    #[test]
    fn statements_run_as_the_role_that_they_need() {
        let roles = Roles::new("o", "a").unwrap().system("s").unwrap();
        let shown = |role: Option<&Ident>| role.map(|role| role.as_str().to_owned());
        let all = |login: &Login| {
            [
                Ok(shown(login.for_schema(&roles))),
                login.for_system(&roles).map(shown).map_err(|error| error.to_string()),
                login.for_tenant(&roles).map(shown).map_err(|error| error.to_string()),
            ]
        };
        let some = |name: &str| Ok(Some(name.to_owned()));
        let migrator = Login { owner: true, system: true, ..login("m") };
        assert_eq!(all(&migrator), [some("o"), some("s"), some("o")]);
        let superuser =
            Login { superuser: true, bypasses: true, owner: true, system: true, app: true, ..login("p") };
        assert_eq!(all(&superuser), [Ok(None), some("s"), some("o")]);
        let owner = Login { owner: true, ..login("o") };
        let [schema, system, tenant] = all(&owner);
        assert_eq!((schema, tenant), (Ok(None), Ok(None)));
        assert!(system.unwrap_err().contains("GRANT \"s\" TO \"o\""));
        let [_, _, tenant] = all(&login("x"));
        assert!(tenant.unwrap_err().contains("GRANT \"o\" TO \"x\""));
    }

    #[test]
    fn without_an_owner_the_app_role_is_the_one_that_policies_bind() {
        let roles = Roles::without_owner("a").unwrap();
        let superuser = Login { superuser: true, bypasses: true, app: true, ..login("p") };
        assert_eq!(superuser.for_tenant(&roles).unwrap().unwrap().as_str(), "a");
        assert_eq!(superuser.for_system(&roles).unwrap(), None);
        assert!(login("x").for_system(&roles).unwrap_err().to_string().contains("name a role"));
    }
}
