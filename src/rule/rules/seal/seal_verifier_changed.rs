//! `seal-verifier-changed`

use crate::catalog::{Function, Object, Signature};
use crate::ident::Ident;
use crate::policy::ddl;
use crate::policy::sealed::{Sealing, does_the_same};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::words::list;

pub(super) const RULE: Rule = Rule {
    code: "seal-verifier-changed",
    severity: Severity::High,
    finds: "where tenants are sealed, a function that verifies seals is not the one of this release, or others can run as its owner",
    why: "Policies believe what these functions return. One with another text may take what no key has sealed, one that belongs to \
          another role or finds its names by another search_path runs what that one puts there, and whoever can act as the role \
          of the keys can read them and seal any tenant.",
    fix: "Apply tenantry plan, which makes the functions anew. Leave their role NOLOGIN, without BYPASSRLS and without members.",
    bad: "-- manifest: [seal]
CREATE ROLE erp_app_sealer LOGIN;",
    good: "-- manifest: [seal]
CREATE ROLE erp_app_sealer NOLOGIN;",
    manual: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let (tenancy, roles) = (&subject.manifest.tenancy, &subject.manifest.roles);
    // What fails here fails in the plan, which says so.
    let Ok(Some(sealing)) = Sealing::of(tenancy, roles) else { return };
    for (signature, wanted) in sealing.verifiers() {
        let Some(present) = subject.catalog.functions.get(signature) else { continue };
        let beyond = beyond(wanted, present);
        if !beyond.is_empty() {
            let message = format!(
                "{} does not verify seals as this release does: it {}; apply tenantry plan",
                signature.name.plain(),
                list(beyond)
            );
            found.add(Object::Function(Signature::clone(signature)), message);
        }
    }
    attributes(subject, &sealing.sealer, found);
    members(subject, &sealing.sealer, found);
}

fn beyond(wanted: &Function, present: &Function) -> Vec<String> {
    let mut found = Vec::new();
    if !present.security_definer {
        found.push("is not SECURITY DEFINER".to_owned());
    }
    if present.settings != wanted.settings {
        found.push("has no search path of pg_catalog, pg_temp alone".to_owned());
    }
    if present.owner != wanted.owner {
        found.push(format!("belongs to {}, not to {}", present.owner.plain(), wanted.owner.plain()));
    }
    if found.is_empty() && !does_the_same(wanted, present) {
        found.push("has another text or other attributes".to_owned());
    }
    found
}

fn attributes(subject: &Subject<'_>, name: &Ident, found: &mut Findings) {
    let Some(role) = subject.catalog.roles.get(name) else { return };
    let attributes = [
        (role.login, "LOGIN", "NOLOGIN"),
        (role.superuser, "SUPERUSER", "NOSUPERUSER"),
        (role.bypass_rls, "BYPASSRLS", "NOBYPASSRLS"),
        (role.create_role, "CREATEROLE", "NOCREATEROLE"),
        (role.create_db, "CREATEDB", "NOCREATEDB"),
        (role.replication, "REPLICATION", "NOREPLICATION"),
    ];
    let (has, without): (Vec<&str>, Vec<&str>) =
        attributes.into_iter().filter(|(has, ..)| *has).map(|(_, has, without)| (has, without)).unzip();
    if !has.is_empty() {
        let message = format!(
            "{} has {}, and is to do nothing but own the keys of seals and the functions that verify them",
            name.plain(),
            list(has.into_iter().map(str::to_owned))
        );
        found.add(Object::Role(name.clone()), message).sql(ddl::alter_role(name, &without));
    }
}

/// Who can act as the role. Superusers can act as any.
fn members(subject: &Subject<'_>, sealer: &Ident, found: &mut Findings) {
    let is_superuser = |role: &Ident| subject.catalog.roles.get(role).is_some_and(|role| role.superuser);
    let memberships = subject.catalog.memberships.iter();
    for of in
        memberships.filter(|of| of.role == *sealer && (of.set || of.inherit) && !is_superuser(&of.member))
    {
        let (member, role) = (&of.member, &of.role);
        let message = format!(
            "{} is a member of {}, which reads the keys of seals: it can seal any tenant",
            member.plain(),
            role.plain()
        );
        found
            .add(Object::Membership(member.clone(), role.clone()), message)
            .sql(ddl::revoke_role(role, member, false));
    }
}
