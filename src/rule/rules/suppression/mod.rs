//! What is said of findings that are let stand.

pub(in crate::rule) mod unused_suppression;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[&unused_suppression::RULE];
