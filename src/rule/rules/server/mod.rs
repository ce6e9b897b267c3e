//! What only a server tells.

mod cves;
mod server_cve;

use crate::rule::record::Rule;

pub(super) const RULES: &[&Rule] = &[&server_cve::RULE];
