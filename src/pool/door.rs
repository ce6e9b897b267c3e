//! The two doors to the database, as types, so that the one cannot be taken for the other.

/// Marks what runs as one tenant.
#[derive(Debug)]
#[non_exhaustive]
pub struct Tenant {}

/// Marks what crosses tenants.
#[derive(Debug)]
#[non_exhaustive]
pub struct System {}
