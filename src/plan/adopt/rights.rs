//! Who can adopt.

use super::problem;
use super::step::{Action, Adoption};
use std::collections::BTreeSet;

use crate::catalog::{Catalog, Grant, Grantee, Privilege};
use crate::ident::{Ident, QualifiedName};
use crate::plan::roles::reachable;
use crate::policy::manifest::Problem;

/// What a role lacks for an adoption, each with what to do.
#[must_use]
pub fn rights(adoption: &Adoption, catalog: &Catalog, login: &Ident) -> Vec<Problem> {
    let role = catalog.roles.get(login);
    if role.is_some_and(|role| role.superuser) {
        return Vec::new();
    }
    let who = login.plain();
    let mut found = Vec::new();
    let bypasses = role.is_some_and(|role| role.bypass_rls);
    let is = |owner: &Ident| reachable(catalog, login).contains(owner);
    for name in &adoption.touched {
        let Some(relation) = catalog.relations.get(name) else { continue };
        if !is(&relation.owner) {
            let owner = relation.owner.plain();
            found.push(format!(
                "role {who} does not own {}; log in as a superuser, or as a member of {owner}",
                name.plain()
            ));
        }
    }
    for name in adoption.touched.union(&adoption.parents) {
        let Some(relation) = catalog.relations.get(name) else { continue };
        // An owner under FORCE, too, sees what policies let through: rows would be left out, and a foreign key would be found
        // to hold, or not to hold, for those rows alone.
        let bound = relation.row_security && (relation.force_row_security || !is(&relation.owner));
        if bound && !bypasses {
            found.push(format!(
                "policies of {} hide rows from role {who}; log in as a superuser, or run ALTER ROLE {login} BYPASSRLS",
                name.plain()
            ));
        }
        if !is(&relation.owner) && !may(catalog, login, &relation.grants, Privilege::Select) {
            found.push(format!("role {who} may not read {}; grant it SELECT", name.plain()));
        }
    }
    found.extend(schemas(adoption, catalog, login, &is));
    found.extend(last(adoption, catalog, login));
    found.into_iter().map(problem).collect()
}

fn may(catalog: &Catalog, login: &Ident, grants: &BTreeSet<Grant>, privilege: Privilege) -> bool {
    let roles = reachable(catalog, login);
    grants.iter().any(|grant| {
        let to = match &grant.grantee {
            Grantee::Public => true,
            Grantee::Role(role) => roles.contains(role),
        };
        grant.privilege == privilege && grant.column.is_none() && to
    })
}

/// Indexes need CREATE on the schema of their table, and what is recorded needs a place.
fn schemas(
    adoption: &Adoption,
    catalog: &Catalog,
    login: &Ident,
    is: &dyn Fn(&Ident) -> bool,
) -> Vec<String> {
    let built = |name: &&QualifiedName| {
        let of = |action: &Action| matches!(action, Action::Build { index, .. } if index.schema() == name.schema());
        adoption.steps.iter().any(|step| of(&step.up))
    };
    let mut names: Vec<&Ident> = adoption.touched.iter().filter(built).map(QualifiedName::schema).collect();
    names.push(&adoption.support);
    names.sort();
    names.dedup();
    let mut found = Vec::new();
    for name in names {
        match catalog.schemas.get(name) {
            Some(schema) if is(&schema.owner) || may(catalog, login, &schema.grants, Privilege::Create) => {}
            Some(_) => found.push(format!(
                "role {} may not make anything in schema {}; run GRANT CREATE ON SCHEMA {name} TO {login}",
                login.plain(),
                name.plain()
            )),
            None => {
                let database = catalog.database.as_ref();
                let can = database
                    .is_none_or(|of| is(&of.owner) || may(catalog, login, &of.grants, Privilege::Create));
                if !can {
                    found.push(format!(
                        "role {} may not make schema {}; run CREATE SCHEMA {name} AUTHORIZATION {login}",
                        login.plain(),
                        name.plain()
                    ));
                }
            }
        }
    }
    found
}

/// What the last phase makes of roles is for those who may make roles.
fn last(adoption: &Adoption, catalog: &Catalog, login: &Ident) -> Vec<String> {
    let may_make = catalog.roles.get(login).is_some_and(|role| role.create_role);
    let mut found = Vec::new();
    if !adoption.roles.is_empty() && !may_make {
        found.push(format!(
            "role {} may not make roles; log in as one that may, or have a superuser run: {}",
            login.plain(),
            adoption.roles.join(" ")
        ));
    }
    for (name, owner) in &adoption.transferred {
        if !reachable(catalog, login).contains(owner) {
            found.push(format!(
                "role {} does not own {name}; log in as a superuser, or as a member of {}",
                login.plain(),
                owner.plain()
            ));
        }
    }
    for owner in &adoption.new_owners {
        if !reachable(catalog, login).contains(owner) {
            found.push(format!(
                "role {} cannot make anything over to {}; run GRANT {owner} TO {login}",
                login.plain(),
                owner.plain()
            ));
        }
    }
    found
}
