//! The rules, by what they look at.

mod expression;
mod integrity;
mod migration;
mod object;
mod performance;
mod role;
mod seal;
mod server;
mod session;
pub(super) mod suppression;
mod table;

use super::record::Rule;
pub(super) use migration::opaque_statement;

/// Every rule, chapter by chapter.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    let chapters = [
        table::RULES,
        role::RULES,
        expression::RULES,
        object::RULES,
        seal::RULES,
        integrity::RULES,
        session::RULES,
        migration::RULES,
        performance::RULES,
        server::RULES,
        suppression::RULES,
    ];
    chapters.into_iter().flatten().copied()
}

/// The rule of a code.
#[must_use]
pub fn rule(code: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.code == code)
}
