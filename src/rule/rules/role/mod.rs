//! Who may do what.

mod truncate_granted;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[&truncate_granted::RULE];
