//! What only a server tells.

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[];
