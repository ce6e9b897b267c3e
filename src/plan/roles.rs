//! Roles that policies would not bind.

use crate::catalog::Catalog;
use crate::ident::Ident;
use crate::policy::manifest::{Manifest, Problem};
pub(super) use crate::policy::reach::{bypasses, reachable};

/// Finds what makes the app role more than policies allow. Files that make no roles say nothing of them.
pub(super) fn check(manifest: &Manifest, catalog: &Catalog, problems: &mut Vec<Problem>) {
    let app = manifest.roles.app_role();
    let mut found = |what: String| problems.push(Problem { line: None, what });
    for role in reachable(catalog, app) {
        let through =
            if role == app { String::new() } else { format!("is a member of {}, which ", role.plain()) };
        if let Some(why) = why_unbound(catalog, role) {
            found(format!("role {} {through}{why}; policies would not bind it", app.plain()));
        } else if manifest.roles.owner_role() == Some(role) {
            found(format!(
                "role {} is a member of {}, which owns the tables and can drop their policies; revoke the membership",
                app.plain(),
                role.plain()
            ));
        }
    }
    let roles = &manifest.roles;
    for (role, purpose) in [
        (roles.system_role(), "work across tenants"),
        (roles.backup_role(), "dump the rows of all tenants"),
        (roles.resolver_role(), "find tenants by their keys"),
    ] {
        if let Some(role) = role
            && catalog.roles.get(role).is_some_and(|role| !role.bypass_rls && !role.superuser)
        {
            let plain = role.plain();
            found(format!(
                "role {plain} is to {purpose}, and policies bind it; run ALTER ROLE {role} BYPASSRLS"
            ));
        }
    }
    resolver(manifest, catalog).into_iter().for_each(found);
}

/// Nobody but the functions that belong to it is to run as the role of resolvers, and they are to read, nothing more.
fn resolver(manifest: &Manifest, catalog: &Catalog) -> Option<String> {
    let name = manifest.roles.resolver_role()?;
    let role = catalog.roles.get(name)?;
    let attributes = [
        (role.login, "NOLOGIN"),
        (role.superuser, "NOSUPERUSER"),
        (role.create_role, "NOCREATEROLE"),
        (role.create_db, "NOCREATEDB"),
        (role.replication, "NOREPLICATION"),
    ];
    let lost: Vec<&str> =
        attributes.into_iter().filter(|(has, _)| *has).map(|(_, without)| without).collect();
    if lost.is_empty() {
        return None;
    }
    let (plain, lost) = (name.plain(), lost.join(" "));
    Some(format!(
        "role {plain} is to own the functions that find tenants, and can do more; run ALTER ROLE {name} {lost}"
    ))
}

pub(super) fn why_unbound(catalog: &Catalog, role: &Ident) -> Option<&'static str> {
    let role = catalog.roles.get(role)?;
    if role.superuser {
        Some("is a superuser")
    } else if role.bypass_rls {
        Some("has BYPASSRLS")
    } else if role.replication {
        Some("has REPLICATION, which reads every row")
    } else {
        None
    }
}

/// Whether a role is a member of another, directly or not.
pub(super) fn reaches(catalog: &Catalog, member: &Ident, role: &Ident) -> bool {
    reachable(catalog, member).contains(role)
}
