//! Objects that reach rows past the policies of a table.

mod foreign_table;
mod inherit_child_direct;
mod large_objects;
mod leakproof_user_function;
mod matview_over_rls;
mod matview_owner_bound;
mod notify_payload;
mod partition_child_direct;
mod publication_unfiltered;
mod rewrite_rule;
mod secdef_function;
mod secdef_search_path;
mod secdef_trigger;
#[cfg(test)]
mod tests;
mod view_definer;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[
    &view_definer::RULE,
    &matview_over_rls::RULE,
    &matview_owner_bound::RULE,
    &secdef_function::RULE,
    &secdef_search_path::RULE,
    &secdef_trigger::RULE,
    &rewrite_rule::RULE,
    &partition_child_direct::RULE,
    &inherit_child_direct::RULE,
    &foreign_table::RULE,
    &leakproof_user_function::RULE,
    &publication_unfiltered::RULE,
    &large_objects::RULE,
    &notify_payload::RULE,
];
