//! What permissive policies open.

use super::Subject;
use crate::catalog::{Command, Policy, Privilege, Relation};

/// Whether a policy is asked for what a privilege allows.
pub(in crate::rule) fn governs(policy: &Policy, privilege: Privilege) -> bool {
    match policy.command {
        Command::All => true,
        Command::Select => privilege == Privilege::Select,
        Command::Insert => privilege == Privilege::Insert,
        Command::Update => privilege == Privilege::Update,
        Command::Delete => privilege == Privilege::Delete,
    }
}

/// The permissive policies that are asked for tenants' statements.
pub(in crate::rule) fn for_app<'s>(
    subject: &'s Subject<'_>,
    relation: &'s Relation,
) -> impl Iterator<Item = &'s Policy> {
    let permissive = relation.policies.values().filter(|policy| policy.permissive);
    permissive.filter(|policy| policy.roles.iter().any(|role| subject.is_app(role)))
}
