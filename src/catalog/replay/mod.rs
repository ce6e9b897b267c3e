//! Reads a schema from SQL files.

mod cursor;
mod lex;
mod parse;
mod policy;
mod value;

pub(crate) use policy::parse_policies;
