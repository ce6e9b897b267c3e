//! Whether policies are asked for a table, and whether there are any.

mod command_coverage_gap;
mod force_missing;
mod indirect_tenant_table;
mod manifest_contradicted;
mod policies_rls_off;
mod rls_disabled;
mod rls_no_permissive_policy;
mod tenant_type_mismatch;
mod unclassified_table;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[
    &rls_disabled::RULE,
    &policies_rls_off::RULE,
    &rls_no_permissive_policy::RULE,
    &command_coverage_gap::RULE,
    &force_missing::RULE,
    &indirect_tenant_table::RULE,
    &unclassified_table::RULE,
    &tenant_type_mismatch::RULE,
    &manifest_contradicted::RULE,
];
