//! How a migration gets from one schema to the next.

mod policy_swap_window;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[&policy_swap_window::RULE];
