//! Changes a database: runs the scripts that [`policy`](crate::policy) renders, and migrations that know about tenants.

pub mod adopt;
mod apply;
pub(crate) mod binder;
mod each_tenant;
mod event;
mod gate;
mod ledger;
pub(crate) mod login;
mod look;
mod mark;
mod migration;
mod migrator;
mod one_by_one;
mod path;
mod patience;
mod prepare;
mod program;
mod report;
mod review;
mod run;
mod seal;
mod send;
mod strays;
pub(crate) mod tenants;
#[cfg(feature = "cli")]
pub(crate) mod token;
mod turn;

pub use apply::apply;
pub use event::Event;
pub use look::{Rows, Unread, rows_in_the_way};
pub use migration::{Direction, Migration, Migrations, Mode};
pub use migrator::{Down, Migrator};
pub use patience::Patience;
pub use report::{Applied, Report, Stopped, TenantFailure, Why};
pub use review::Refusal;
pub use seal::{KnownKey, SealKeys};
