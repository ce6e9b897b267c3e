//! Rows that nobody reaches whom policies bind.

use super::Spec;

pub(super) const SPEC: Spec = Spec {
    name: "deny",
    version: 1,
    sql: include_str!("../../../sql/policy/shapes/deny.sql"),
    privileges: &[],
};
