//! What a database needs before its first policy: roles, and the function that the policies call.

use super::model::{Missing, Tenancy};
use super::part::{Part, PartKind};
use super::password::Password;
use super::render::Vars;
use super::roles::Roles;
use super::script::Script;
use super::sealed;
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName};

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
/// - Making the system role or the resolver role takes, besides, a superuser up to PostgreSQL 15, and BYPASSRLS from 16 on.
/// - Making the backup role takes a superuser, or BYPASSRLS and the ADMIN option on `pg_read_all_data` from 16 on.
/// - Making the migrator a member of an owner role that existed before takes the ADMIN option on it from 16 on.
/// - [`Tenancy::tree`] takes membership in the system role, and the right to grant SELECT on its table, which has to exist.
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
    backup_password: Option<Password>,
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
const RESOLVER: Purpose = Purpose { name: "resolver", logs_in: false, bypasses_policies: true };
const SEALER: Purpose = Purpose { name: "sealer", logs_in: false, bypasses_policies: false };
const BACKUP: Purpose = Purpose { name: "backup", logs_in: true, bypasses_policies: true };

/// Its members read every table, sequence and schema, those that are still to be made included.
pub(crate) const READS_ALL: &str = "pg_read_all_data";

impl Bootstrap {
    /// A bootstrap that sets no passwords.
    pub fn new(tenancy: Tenancy, roles: Roles) -> Self {
        Self {
            tenancy,
            roles,
            app_password: None,
            migrator_password: None,
            system_password: None,
            backup_password: None,
        }
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

    /// Sets the password of the backup role, whether the role exists or not. Default: it stays as it is.
    pub fn backup_password(mut self, password: Password) -> Self {
        self.backup_password = Some(password);
        self
    }

    /// Renders it.
    ///
    /// # Errors
    ///
    /// A role is missing that is needed: one that a password is given for, the owner where there is a migrator, the system
    /// role where [`Tenancy::tree`] is named.
    pub fn script(&self) -> Result<Script> {
        let mut script = Script::new()?;
        for part in self.parts()? {
            script.add(part.what, part.sql);
        }
        Ok(script)
    }

    /// What it consists of, in order. Each part can be run without the others, after those that it needs.
    pub(crate) fn parts(&self) -> Result<Vec<Part>> {
        let mut parts = self.roles()?;
        parts.extend(self.support()?);
        Ok(parts)
    }

    fn roles(&self) -> Result<Vec<Part>> {
        let (owner, app) = (self.roles.owner_role(), self.roles.app_role());
        let (migrator, system) = (self.roles.migrator_role(), self.roles.system_role());
        let backup = self.roles.backup_role();
        let logins = [
            (&MIGRATOR, migrator, &self.migrator_password),
            (&APP, Some(app), &self.app_password),
            (&SYSTEM, system, &self.system_password),
            (&BACKUP, backup, &self.backup_password),
        ];

        let mut parts = Vec::new();
        let functions = [(self.roles.resolver_role(), &RESOLVER), (self.roles.sealer_role(), &SEALER)];
        for (name, purpose) in [(owner, &OWNER)].into_iter().chain(functions) {
            if let Some(name) = name {
                parts.push(role(name, purpose)?);
            }
        }
        for (purpose, name, password) in logins {
            match (name, password) {
                (Some(name), _) => parts.push(role(name, purpose)?),
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
            let owner = owner.ok_or_else(|| {
                Error::config("a migrator is a member of the owner, which is not named; use Roles::new")
            })?;
            let vars = || Vars::default().name("owner", owner).name("migrator", migrator);
            let kind = PartKind::Member { role: owner.clone(), member: migrator.clone() };
            let what = format!("{migrator} is a member of {owner}");
            parts.push(
                Part::new(kind, what, file!("member"), &vars())?.undone_by(file!("undo/member"), &vars())?,
            );
        }
        if let Some(backup) = backup {
            let vars = || Vars::default().name("backup", backup);
            let kind = PartKind::Member { role: Ident::known(READS_ALL), member: backup.clone() };
            let what = format!("{backup} reads every table");
            let part = Part::new(kind, what, file!("reads_all"), &vars())?;
            parts.push(part.undone_by(file!("undo/reads_all"), &vars())?);
        }
        let (resolver, sealer) = (self.roles.resolver_role(), self.roles.sealer_role());
        for (name, purpose) in [
            (Some(app), &APP),
            (system, &SYSTEM),
            (backup, &BACKUP),
            (resolver, &RESOLVER),
            (sealer, &SEALER),
        ] {
            let Some(name) = name else { continue };
            let vars = Vars::default()
                .text("owner", owner.map_or("", Ident::as_str))
                .name("role", name)
                .text("purpose", purpose.name);
            let what = format!("{name} reaches no other role");
            parts.push(Part::new(PartKind::Check, what, file!("apart"), &vars)?);
        }
        for (_, name, password) in logins {
            let (Some(name), Some(password)) = (name, password) else { continue };
            let vars = Vars::default().name("role", name).text("verifier", password.verifier());
            let kind = PartKind::Password(name.clone());
            parts.push(Part::new(kind, format!("password of {name}"), file!("password"), &vars)?);
        }
        Ok(parts)
    }

    /// The schema and the functions that the policies call, if they call any.
    fn support(&self) -> Result<Vec<Part>> {
        let support = self.tenancy.support();
        let tenant_type = self.tenancy.tenant_type().sql();
        let setting = self.tenancy.setting_name().as_str();
        let named = || Vars::default().name("support", support);
        let function = |name: &'static str| {
            let function = QualifiedName::new(support.clone(), Ident::known(name));
            (PartKind::Function(function), format!("function {support}.{name}"))
        };
        let (calls, tree) = (self.tenancy.calls_a_function(), self.tenancy.tenant_tree());

        let mut parts = Vec::new();
        let record = self.tenancy.system_access();
        if calls || tree.is_some() || record.is_some() || self.roles.resolver_role().is_some() {
            let (kind, what) = (PartKind::Schema(support.clone()), format!("schema {support}"));
            let vars = named().name("app", self.roles.app_role());
            parts.push(
                Part::new(kind, what, file!("schema"), &vars)?.undone_by(file!("undo/schema"), &named())?,
            );
        }
        if self.tenancy.when_missing() == Missing::Error {
            let (kind, what) = function("no_tenant");
            let part = Part::new(kind, what, file!("no_tenant"), &named())?;
            parts.push(part.undone_by(file!("undo/no_tenant"), &named())?);
        }
        if calls {
            let what = format!("{support}.tenant_id keeps its meaning");
            let vars = named().text("type", tenant_type).text("setting", setting);
            parts.push(Part::new(PartKind::Check, what, file!("tenant_id_kept"), &vars)?);
        }
        if let Some(seal) = self.tenancy.sealed() {
            parts.extend(sealed::parts(&self.tenancy, &self.roles, seal)?);
        } else if calls {
            let (kind, what) = function("tenant_id");
            let vars = named().sql("type", tenant_type).text("setting", setting);
            let part = Part::new(kind, what, file!("tenant_id"), &vars)?;
            parts.push(part.undone_by(file!("undo/tenant_id"), &named())?);
        }
        if let Some(tree) = tree {
            let system = self.roles.system_role().ok_or_else(|| {
                Error::config(
                    "the tree of tenants is read by the system role, which is not named; name it with Roles::system",
                )
            })?;
            let read = Vars::default()
                .name("tree_schema", tree.table().schema())
                .name("tree_table", tree.table().name())
                .name("system", system);
            let what = format!("{system} reads {}", tree.table());
            parts.push(Part::new(PartKind::Grant, what, file!("tree_read"), &read)?);
            let (kind, what) = function("tenant_tree");
            let vars = named()
                .sql("type", tenant_type)
                .sql("context", self.tenancy.context()?)
                .name("tree_schema", tree.table().schema())
                .name("tree_table", tree.table().name())
                .name("id", tree.id())
                .name("parent", tree.parent())
                .name("system", system);
            let part = Part::new(kind, what, file!("tenant_tree"), &vars)?;
            parts.push(part.undone_by(file!("undo/tenant_tree"), &named())?);
        }
        if let Some(record) = record {
            let system = self.roles.system_role().ok_or_else(|| {
                Error::config(
                    "accesses of the system role are to be recorded, which is not named; name it with Roles::system",
                )
            })?;
            let vars = named().name("app", self.roles.app_role()).name("system", system);
            let what = format!("table {record}");
            let part = Part::new(PartKind::SystemAccess(record), what, file!("system_access"), &vars)?;
            parts.push(part.undone_by(file!("undo/system_access"), &named())?);
        }
        Ok(parts)
    }
}

fn role(name: &Ident, purpose: &Purpose) -> Result<Part> {
    let vars = Vars::default()
        .name("role", name)
        .text("purpose", purpose.name)
        .text("login", if purpose.logs_in { "LOGIN" } else { "NOLOGIN" })
        .text("bypassrls", if purpose.bypasses_policies { "BYPASSRLS" } else { "NOBYPASSRLS" });
    let what = format!("{} role {name}", purpose.name);
    Part::new(PartKind::Role(name.clone()), what, file!("role"), &vars)?
        .undone_by(file!("undo/role"), &Vars::default().name("role", name))
}

#[cfg(test)]
mod tests {
    use super::super::part::PartKind;
    use super::Bootstrap;
    use crate::policy::{Missing, Password, Roles, Tenancy, Tree};

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

    #[test]
    fn roles_that_are_needed_are_asked_for() {
        let without_owner = Roles::without_owner("a").unwrap();
        let bootstrap = |roles: &Roles, tenancy: &Tenancy| Bootstrap::new(tenancy.clone(), roles.clone());
        let (plain, tree) = (Tenancy::default(), Tree::new("erp.company", "id", "parent_id").unwrap());
        let script = bootstrap(&without_owner, &plain).script().unwrap().to_string();
        assert!(script.contains("app role") && !script.contains("owner role"), "{script}");

        let migrator = without_owner.clone().migrator("m").unwrap();
        let error = bootstrap(&migrator, &plain).script().unwrap_err().to_string();
        assert!(error.contains("a member of the owner, which is not named"), "{error}");
        let error = bootstrap(&without_owner, &plain.tree(tree)).script().unwrap_err().to_string();
        assert!(error.contains("name it with Roles::system"), "{error}");
    }

    #[test]
    fn each_part_is_undone_by_what_drops_it() {
        let tree = Tree::new("erp.company", "id", "parent_id").unwrap();
        let roles =
            Roles::new("o", "a").unwrap().migrator("m").unwrap().system("s").unwrap().backup("b").unwrap();
        let parts = Bootstrap::new(Tenancy::default().tree(tree), roles).parts().unwrap();
        let undone: Vec<&str> = parts.iter().filter_map(|part| part.down.as_deref()).collect();
        assert_eq!(
            undone,
            [
                r#"DROP ROLE IF EXISTS "o";"#,
                r#"DROP ROLE IF EXISTS "m";"#,
                r#"DROP ROLE IF EXISTS "a";"#,
                r#"DROP ROLE IF EXISTS "s";"#,
                r#"DROP ROLE IF EXISTS "b";"#,
                r#"REVOKE "o" FROM "m";"#,
                r#"REVOKE pg_read_all_data FROM "b";"#,
                r#"DROP SCHEMA IF EXISTS "tenantry";"#,
                r#"DROP FUNCTION IF EXISTS "tenantry".no_tenant(text);"#,
                r#"DROP FUNCTION IF EXISTS "tenantry".tenant_id();"#,
                r#"DROP FUNCTION IF EXISTS "tenantry".tenant_tree();"#,
            ]
        );
        let stays =
            |kind: &PartKind| matches!(kind, PartKind::Check | PartKind::Grant | PartKind::Password(_));
        assert!(parts.iter().all(|part| part.down.is_some() != stays(&part.kind)));
    }
}
