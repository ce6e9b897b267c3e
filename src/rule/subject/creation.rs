//! Where tenants' statements can make objects of their own.

use super::Subject;
use crate::catalog::{Database, Grant, Grantee, Privilege, Schema};
use crate::ident::Ident;

/// Why somebody can make objects somewhere.
#[derive(Clone, Copy, Debug)]
pub(in crate::rule) enum By<'a> {
    Owner(&'a Ident),
    Grant(&'a Grantee),
}

/// By what tenants' statements can make objects in a schema. That of a database's owner is told of the database.
pub(in crate::rule) fn in_schema<'a>(subject: &Subject<'_>, schema: &'a Schema) -> Vec<By<'a>> {
    if subject.app.contains(&schema.owner) {
        return vec![By::Owner(&schema.owner)];
    }
    granted(subject, &schema.grants, Privilege::Create).map(By::Grant).collect()
}

/// The same of a database, for one of its privileges.
pub(in crate::rule) fn in_database<'a>(
    subject: &Subject<'_>,
    database: &'a Database,
    privilege: Privilege,
) -> Vec<By<'a>> {
    if subject.app.contains(&database.owner) {
        return vec![By::Owner(&database.owner)];
    }
    granted(subject, &database.grants, privilege).map(By::Grant).collect()
}

/// Whether there is a schema that they can make something in, as far as is known.
pub(in crate::rule) fn anywhere(subject: &Subject<'_>) -> bool {
    let catalog = subject.catalog;
    let in_database = |database| !in_database(subject, database, Privilege::Create).is_empty();
    catalog.database.as_ref().is_some_and(in_database)
        || catalog.schemas.values().any(|schema| !in_schema(subject, schema).is_empty())
}

/// Whether they can make something for the time of their session. Every role can, unless that has been taken away.
pub(in crate::rule) fn temporarily(subject: &Subject<'_>) -> bool {
    let allows = |database| !in_database(subject, database, Privilege::Temporary).is_empty();
    subject.catalog.database.as_ref().is_none_or(allows)
}

fn granted<'a>(
    subject: &Subject<'_>,
    grants: impl IntoIterator<Item = &'a Grant>,
    privilege: Privilege,
) -> impl Iterator<Item = &'a Grantee> {
    let grants = grants.into_iter().filter(move |grant| grant.privilege == privilege);
    grants.map(|grant| &grant.grantee).filter(|grantee| subject.is_app(grantee))
}
