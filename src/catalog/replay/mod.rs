//! Reads a schema from SQL files, by doing to a model what the server would do to a database.
//!
//! [`replay`] runs files in order. What it does not understand, or cannot follow, it says: each such statement is among the
//! [`Opaque`] ones, with its place and the reason. The model holds without them.

mod analyze;
mod apply;
mod cursor;
mod defaults;
mod depend;
mod lex;
mod names;
mod opclass;
mod parse;
mod policy;
mod run;
mod source;
mod split;
mod state;
mod statement;
mod types;
mod value;

pub(crate) use policy::parse_policies;
pub use run::{Located, Opaque, Options, Replayed, replay};
pub use source::Source;
