//! What makes statements slow once policies are asked.

mod in_subselect_policy;
mod nonleakproof_index;
mod parallel_unsafe_function;
mod partitions_by_tenant;
mod per_row_function;
mod tenant_index_missing;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[
    &tenant_index_missing::RULE,
    &nonleakproof_index::RULE,
    &per_row_function::RULE,
    &in_subselect_policy::RULE,
    &parallel_unsafe_function::RULE,
    &partitions_by_tenant::RULE,
];
