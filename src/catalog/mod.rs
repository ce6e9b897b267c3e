//! What a database is, as far as its tenancy goes: a model that is read from a server or from SQL files.
//!
//! [`Catalog`] knows nothing of where it came from. [`live`] reads it from a server's catalogs and [`replay`] from SQL files,
//! and both give the same model for the same schema, so whatever is said about a model holds for either.

pub mod facts;
pub mod live;
mod model;
pub mod replay;

pub use model::*;
pub(crate) use model::{DML, Partitioned, SERVER_FUNCTIONS};
