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

pub(crate) use self::{address::Address, find::program, machine::ThisMachine};
#[cfg(feature = "test-util")]
pub(crate) use self::{
    docker::Container,
    error::{Kind, Trouble},
    find::{DEFAULT_IMAGE, Machine, local},
    local::Cluster,
    random::bytes,
};
#[cfg(all(test, feature = "test-util"))]
pub(crate) use os::Os;
#[cfg(feature = "cli")]
pub(crate) use server::{Throwaway, Wanted};
