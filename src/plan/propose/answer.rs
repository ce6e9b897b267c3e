//! The answers to a question.

use super::Suggestion;
use super::ways::Step;
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::{Class, Via};

/// How a manifest names the way: by the table where one foreign key leads there, or else by the foreign key.
pub(super) fn via(step: &Step<'_>) -> Option<Via> {
    let keys = || step.relation.foreign_keys.iter();
    let several = keys().filter(|(_, key)| key.references == step.key.references).count() > 1;
    // A name that reads as a table's with its schema would be taken for one.
    let can_stand = |name: &Ident| QualifiedName::parse(name.as_str()).is_err();
    if several {
        return can_stand(step.name).then(|| Via::Name(step.name.clone()));
    }
    let table = &step.key.references;
    // A foreign key of that name comes before the table.
    let taken = keys().any(|(name, _)| name == table.name() && name != step.name);
    if table.schema() == step.from.schema() && !taken && can_stand(table.name()) {
        Some(Via::Name(table.name().clone()))
    } else {
        Some(Via::Table(table.clone()))
    }
}

/// The columns of a step, for people.
pub(super) fn columns(step: &Step<'_>) -> String {
    let names: Vec<String> = step.key.columns.iter().map(Ident::plain).collect();
    names.join(", ")
}

impl Suggestion {
    pub(super) fn new(class: Class, meaning: impl Into<String>) -> Self {
        Self { class, column: None, meaning: meaning.into(), is_adopted: false }
    }
}

pub(super) fn shared(meaning: &str) -> Suggestion {
    Suggestion::new(Class::Shared, meaning)
}

/// Once the table has got the tenant column.
pub(super) fn adopted() -> Suggestion {
    let class = Class::Tenant { direct: false };
    Suggestion {
        is_adopted: true,
        ..Suggestion::new(class, "a tenant's: tenantry adopt gives it the tenant column")
    }
}

/// With a reason that is still to be written.
pub(super) fn exempt(meaning: &str) -> Suggestion {
    Suggestion::new(Class::Exempt { reason: "…".to_owned() }, meaning)
}

pub(super) fn deny() -> Suggestion {
    Suggestion::new(Class::Deny, "nobody reaches it")
}
