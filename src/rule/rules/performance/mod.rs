//! What makes statements slow once policies are asked.

mod nonleakproof_index;
mod tenant_index_missing;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[&tenant_index_missing::RULE, &nonleakproof_index::RULE];
