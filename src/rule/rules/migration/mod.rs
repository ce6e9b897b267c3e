//! How a migration gets from one schema to the next.

mod backfill_under_force;
mod copied_table_without_rls;
mod detached_partition_unprotected;
mod drop_cascade_drops_policy;
mod enable_before_policy;
mod fk_validated_under_force;
mod function_replace_resets_attributes;
mod grant_all;
pub(in crate::rule) mod opaque_statement;
mod policy_swap_window;
mod rls_ddl_lock;
mod rls_disabled_by_migration;
mod table_swap_loses_rls;
mod view_replace_drops_invoker;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[
    &backfill_under_force::RULE,
    &copied_table_without_rls::RULE,
    &detached_partition_unprotected::RULE,
    &drop_cascade_drops_policy::RULE,
    &enable_before_policy::RULE,
    &fk_validated_under_force::RULE,
    &function_replace_resets_attributes::RULE,
    &grant_all::RULE,
    &opaque_statement::RULE,
    &policy_swap_window::RULE,
    &rls_ddl_lock::RULE,
    &rls_disabled_by_migration::RULE,
    &table_swap_loses_rls::RULE,
    &view_replace_drops_invoker::RULE,
];
