//! Keys and constraints, which policies do not bind.

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[];
