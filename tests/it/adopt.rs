//! The retrofit of live tables: `tenantry adopt`, the real binary on a real server.

mod abort;
mod files;
mod kill;
mod lock;
mod owned;
mod periods;
mod run;
mod script;
mod settle;
mod told;
mod walk;
pub(crate) mod world;
mod writers;
