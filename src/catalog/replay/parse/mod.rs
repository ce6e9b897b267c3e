//! Statements, read.

pub(super) mod policy;
pub(super) mod role;
