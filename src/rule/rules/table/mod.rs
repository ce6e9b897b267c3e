//! Whether policies are asked for a table, and whether there are any.

mod rls_disabled;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[&rls_disabled::RULE];
