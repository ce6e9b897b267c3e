//! Objects that reach rows past the policies of a table.

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[];
