//! What makes statements slow once policies are asked.

mod in_subselect_policy;
mod parallel_unsafe_function;
mod per_row_function;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] =
    &[&per_row_function::RULE, &in_subselect_policy::RULE, &parallel_unsafe_function::RULE];
