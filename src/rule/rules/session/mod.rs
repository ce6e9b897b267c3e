//! What a session leaves behind for the next one on its connection.

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[];
