//! What policies say.

mod current_user_discriminator;
mod expressionless_policy;
mod guc_empty_string_cast;
mod guc_fail_open;
mod guc_names_inconsistent;
mod guc_one_arg;
mod guc_role_default;
mod guc_unqualified_name;
mod immutable_session_function;
mod literal_tenant;
mod pattern_match_tenant;
mod permissive_or_widening;
mod policy_cross_table;
mod policy_function_execute;
mod policy_function_secdef_or_unpinned;
mod policy_recursion;
mod restrictive_floor_role_scoped;
mod tenant_column_cast;
mod tenant_column_nullable;
mod tenant_column_unbound;
mod tenant_default_unsafe;
mod tenant_predicate_not_conjunctive;
#[cfg(test)]
mod tests;
mod text_tenant_empty_bucket;
mod using_true;
mod with_check_weaker;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[
    &using_true::RULE,
    &with_check_weaker::RULE,
    &expressionless_policy::RULE,
    &tenant_column_unbound::RULE,
    &tenant_predicate_not_conjunctive::RULE,
    &permissive_or_widening::RULE,
    &guc_fail_open::RULE,
    &guc_empty_string_cast::RULE,
    &guc_one_arg::RULE,
    &guc_unqualified_name::RULE,
    &guc_names_inconsistent::RULE,
    &guc_role_default::RULE,
    &text_tenant_empty_bucket::RULE,
    &tenant_column_nullable::RULE,
    &tenant_default_unsafe::RULE,
    &tenant_column_cast::RULE,
    &pattern_match_tenant::RULE,
    &literal_tenant::RULE,
    &current_user_discriminator::RULE,
    &immutable_session_function::RULE,
    &policy_function_execute::RULE,
    &policy_function_secdef_or_unpinned::RULE,
    &policy_cross_table::RULE,
    &policy_recursion::RULE,
    &restrictive_floor_role_scoped::RULE,
];
