//! The integration tests: one binary, one server for all, a database for each.

mod cancellation;
mod flights;
mod isolation;
mod laws;
mod policy;
mod recovery;
mod support;
mod testing;
