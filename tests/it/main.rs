//! The integration tests: one binary, one server for all, a database for each.

mod adopt;
mod applications;
mod cancellation;
mod catalog;
mod compile_fail;
mod errors;
mod flights;
mod house;
mod init;
mod isolation;
mod laws;
mod life;
mod migrate;
mod pgbench;
mod plan;
mod policy;
mod recovery;
mod routes;
mod rule;
mod session;
mod stale;
mod support;
mod testing;
mod tool;
mod transactions;
mod waits;
