//! What makes statements slow once policies are asked.

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[];
