//! Keys and constraints, which policies do not bind.

mod exclusion_not_tenant;
mod fk_cascade_cross_tenant;
mod fk_match_simple_null;
mod fk_not_tenant_composite;
mod pk_not_tenant;
mod sequence_shared;
#[cfg(test)]
mod tests;
mod unique_not_tenant;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[
    &unique_not_tenant::RULE,
    &pk_not_tenant::RULE,
    &exclusion_not_tenant::RULE,
    &fk_not_tenant_composite::RULE,
    &fk_cascade_cross_tenant::RULE,
    &fk_match_simple_null::RULE,
    &sequence_shared::RULE,
];
