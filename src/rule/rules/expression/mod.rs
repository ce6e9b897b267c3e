//! What policies say.

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[];
