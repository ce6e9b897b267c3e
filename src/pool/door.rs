//! The doors to the database, as types, so that none can be taken for another.

/// Marks what runs as one tenant.
#[derive(Debug)]
#[non_exhaustive]
pub struct Tenant {}

/// Marks what runs as no tenant.
#[derive(Debug)]
#[non_exhaustive]
pub struct Unbound {}

/// Marks what crosses tenants.
#[derive(Debug)]
#[non_exhaustive]
pub struct System {}
