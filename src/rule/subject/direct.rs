//! Relations that are granted by themselves, though the policies stand with another one.

use std::collections::BTreeSet;

use super::Subject;
use crate::catalog::{DML, Object, Relation};
use crate::ident::QualifiedName;
use crate::policy::ddl;
use crate::rule::finding::Findings;

/// Adds a finding for each role that tenants' statements run as and that may name the relation; `what` says what that is.
pub(in crate::rule) fn add(
    subject: &Subject<'_>,
    (name, relation): (&QualifiedName, &Relation),
    what: &str,
    found: &mut Findings,
) {
    let grantees: BTreeSet<_> = relation
        .grants
        .iter()
        .map(|grant| &grant.grantee)
        .filter(|grantee| subject.is_app(grantee))
        .collect();
    for grantee in grantees {
        let granted = relation.grants.iter().filter(|grant| grant.grantee == *grantee);
        let granted: ddl::Privileges<'_> = granted
            .filter(|grant| DML.contains(&grant.privilege))
            .map(|grant| (grant.privilege, grant.column.as_ref()))
            .collect();
        let Some((first, _)) = granted.first() else { continue };
        let mut verbs: Vec<&str> = granted.iter().map(|(privilege, _)| privilege.sql()).collect();
        verbs.dedup();
        let message = format!("{} may {} on {}, {what}", grantee.plain(), verbs.join(", "), name.plain());
        found.add(Object::Grant(name.clone(), grantee.clone(), *first), message).sql(ddl::revoke(
            ddl::Object::Table(name),
            &granted,
            grantee,
        ));
    }
}
