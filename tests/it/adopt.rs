//! The retrofit of live tables: `tenantry adopt`, the real binary on a real server.

mod run;
mod world;
