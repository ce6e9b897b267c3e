//! Functions that find a tenant before one is bound, held against the resolvers that a manifest has.

use super::Subject;
use crate::catalog::{Function, Grant, Grantee, Index, Object, Privilege, Signature};
use crate::ident::{Ident, QualifiedName};
use crate::policy::ddl::{self, Object as Target, Privileges};
use crate::policy::granted::list;
use crate::policy::manifest::Manifest;
use crate::policy::resolver::{Lookup, columns, is_key, role};
use crate::rule::finding::Findings;
use crate::rule::record::Severity;
use crate::rule::words;

/// Whether a key is one that a resolver asks for. That another tenant has a value is then told on purpose.
pub(crate) fn is_asked(manifest: &Manifest, table: &QualifiedName, index: &Index) -> bool {
    manifest.resolvers.values().any(|resolver| resolver.table == *table && is_key(index, &resolver.by))
}

/// What such a function does that its resolver does not; nothing where it is just the resolver.
pub(in crate::rule) fn beyond(lookup: &Lookup<'_>, function: &Function) -> Vec<String> {
    let wanted = &lookup.function;
    let mut found = Vec::new();
    if !lookup.is_called_as(function) {
        found.push("takes or returns something else".to_owned());
    }
    if function.settings != wanted.settings {
        found.push("has no search path of pg_catalog, pg_temp alone".to_owned());
    }
    if !lookup.is_done_by(function) && found.is_empty() {
        found.push("has another text or other attributes".to_owned());
    }
    if function.owner != wanted.owner {
        found.push(format!("belongs to {}, not to {}", function.owner.plain(), wanted.owner.plain()));
    }
    let others = function.grants.iter().filter(|grant| {
        !wanted.grants.contains(grant) && grant.grantee != Grantee::Role(wanted.owner.clone())
    });
    found.extend(others.map(|grant| {
        let again = if grant.grant_option { " and let others call it" } else { "" };
        format!("lets {} call it{again}", grant.grantee.plain())
    }));
    found
}

/// What the role of resolvers can do that no resolver needs, and who else can run as it.
pub(in crate::rule) fn of_role(subject: &Subject<'_>, lookups: &[Lookup<'_>], found: &mut Findings) {
    let role = role(subject.manifest);
    attributes(subject, &role, found);
    for of in subject.catalog.memberships.iter().filter(|of| of.role == role && (of.set || of.inherit)) {
        let (member, role) = (&of.member, &of.role);
        let message =
            format!("{} is a member of {}, which finds rows of all tenants", member.plain(), role.plain());
        found
            .add(Object::Membership(member.clone(), role.clone()), message)
            .severity(Severity::Medium)
            .sql(ddl::revoke_role(role, member, false));
    }
    let (wanted, grantee) = (columns(lookups), Grantee::Role(role.clone()));
    for (name, relation) in &subject.catalog.relations {
        let is_needed = |grant: &Grant| {
            let column = grant.column.as_ref().zip(wanted.get(name));
            grant.privilege == Privilege::Select && column.is_some_and(|(column, of)| of.contains(column))
        };
        let held = relation.grants.iter().filter(|grant| grant.grantee == grantee && !is_needed(grant));
        let beyond: Privileges<'_> = held.map(|grant| (grant.privilege, grant.column.as_ref())).collect();
        let Some((privilege, _)) = beyond.first() else { continue };
        let object = if relation.sequence.is_some() { Target::Sequence(name) } else { Target::Table(name) };
        let message =
            format!("{} holds {} on {}, which no resolver needs", role.plain(), list(&beyond), name.plain());
        found
            .add(Object::Grant(name.clone(), grantee.clone(), *privilege), message)
            .sql(ddl::revoke(object, &beyond, &grantee));
    }
}

fn attributes(subject: &Subject<'_>, name: &Ident, found: &mut Findings) {
    let Some(role) = subject.catalog.roles.get(name) else { return };
    let attributes = [
        (role.login, "LOGIN", "NOLOGIN"),
        (role.superuser, "SUPERUSER", "NOSUPERUSER"),
        (role.create_role, "CREATEROLE", "NOCREATEROLE"),
        (role.create_db, "CREATEDB", "NOCREATEDB"),
        (role.replication, "REPLICATION", "NOREPLICATION"),
    ];
    let (has, without): (Vec<&str>, Vec<&str>) =
        attributes.into_iter().filter(|(has, ..)| *has).map(|(_, has, without)| (has, without)).unzip();
    if !has.is_empty() {
        let message = format!(
            "{} has {}, and is to do nothing but own functions that find tenants",
            name.plain(),
            words::list(has.into_iter().map(str::to_owned))
        );
        found.add(Object::Role(name.clone()), message).sql(ddl::alter_role(name, &without));
    }
}

/// Which of the resolvers a function is.
pub(in crate::rule) fn of<'l, 'a>(
    lookups: &'l [Lookup<'a>],
    signature: &Signature,
) -> Option<&'l Lookup<'a>> {
    lookups.iter().find(|lookup| lookup.signature == *signature)
}
