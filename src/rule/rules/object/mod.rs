//! Objects that reach rows past the policies of a table.

mod large_objects;
mod notify_payload;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[&large_objects::RULE, &notify_payload::RULE];
