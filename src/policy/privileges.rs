//! What roles may do with a table.

use super::render::Vars;
use super::roles::Roles;
use super::script::Script;
use crate::error::Result;
use crate::ident::QualifiedName;

pub(super) const READ: &[&str] = &["SELECT"];
pub(super) const READ_AND_WRITE: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE"];

/// Gives the app role its privileges and the system role all four verbs, and takes away all else.
pub(super) fn push(
    script: &mut Script,
    table: &QualifiedName,
    roles: &Roles,
    of_app: &[&'static str],
) -> Result<()> {
    let on = || Vars::default().name("schema", table.schema()).name("table", table.name());
    let what = format!("secure {table}: grants");
    let vars = on().sql("roles", roles.writers());
    script.push(what.clone(), include_str!("../../sql/policy/revoke.sql"), &vars)?;
    for (role, privileges) in [(Some(roles.app_role()), of_app), (roles.system_role(), READ_AND_WRITE)] {
        let Some(role) = role.filter(|_| !privileges.is_empty()) else { continue };
        let vars = on().name("role", role).sql("privileges", privileges.join(", "));
        script.push(what.clone(), include_str!("../../sql/policy/grant.sql"), &vars)?;
    }
    Ok(())
}
