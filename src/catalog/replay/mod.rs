//! Reads a schema from SQL files, by doing to a model what the server would do to a database.
//!
//! [`replay`] runs files in order. What it does not understand, or cannot follow, it says: each such statement is among the
//! [`Opaque`] ones, with its place and the reason. The model holds without them.

mod ahead;
mod analyze;
mod apply;
mod back;
mod base;
mod change;
mod cursor;
mod defaults;
mod depend;
mod dialect;
mod directive;
mod foreign;
mod lines;
mod links;
#[cfg(feature = "cli")]
mod listed;
mod located;
mod model;
mod names;
mod observed;
mod opclass;
mod origin;
mod parens;
mod parse;
mod parts;
mod plpgsql;
mod policy;
mod read;
mod rollback;
mod run;
mod runner;
mod section;
mod server_functions;
mod source;
mod split;
mod state;
mod statement;
mod step;
mod told;
mod tracked;
mod types;
mod undo;
mod value;

pub(crate) use crate::lex::{Kind, Token, token, tokens};
pub(crate) use cursor::Name;
#[cfg(feature = "migrate")]
pub(crate) use directive::Directives;
pub(crate) use directive::directives;
#[cfg(feature = "cli")]
pub(crate) use listed::units;
pub use located::{Extent, Located, Opaque};
pub use origin::Origins;
pub(crate) use parse::alter_table::{Action, AlteredKind};
pub(crate) use parse::constraint::ConstraintKind;
pub(crate) use parse::drop::Dropped;
pub(crate) use parse::grant::{AllOf, GrantOn};
pub(crate) use parse::passed::is_passed;
pub(crate) use parse::role::RoleName;
pub(crate) use parse::session::Session;
pub(crate) use parse::table::{Element, Life};
pub(crate) use plpgsql::Guard;
pub(crate) use policy::Policies;
pub use run::{Options, Replayed, replay, replay_on};
pub(crate) use run::{Run as Replaying, replay_watched};
pub use runner::runs_in_one_transaction;
pub use source::Source;
pub(crate) use statement::Statement;
pub(crate) use step::{Step, TransactionKind};
pub(crate) use value::{ident as name_of, string as text_of};
