//! Throwaway PostgreSQL servers, for [`testing`](crate::testing) and for `tenantry lint --server`: a cluster of the binaries on this
//! machine, or a container. A small shell takes them away when the process ends, whichever way that happens.

mod address;
mod docker;
mod error;
mod find;
mod local;
mod machine;
mod os;
mod random;
#[cfg(feature = "cli")]
mod server;
mod user;
mod watchdog;

pub(crate) use address::Address;
pub(crate) use docker::Container;
pub(crate) use error::{Kind, Trouble};
pub(crate) use find::{DEFAULT_IMAGE, Machine, local, program};
pub(crate) use local::Cluster;
pub(crate) use machine::ThisMachine;
#[cfg(test)]
pub(crate) use os::Os;
pub(crate) use random::bytes;
#[cfg(feature = "cli")]
pub(crate) use server::{Throwaway, Wanted};
