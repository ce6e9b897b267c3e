//! Manifests with `[seal]`: what believes a tenant that no key has sealed, and who could seal one.

mod seal_keys_exposed;
mod seal_not_asked;
mod seal_not_required;
mod seal_verifier_changed;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[
    &seal_keys_exposed::RULE,
    &seal_verifier_changed::RULE,
    &seal_not_asked::RULE,
    &seal_not_required::RULE,
];
