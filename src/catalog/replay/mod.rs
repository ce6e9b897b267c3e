//! Reads a schema from SQL files.

mod cursor;
mod lex;
mod parse;
mod policy;
mod source;
mod split;
mod statement;
mod value;

pub(crate) use policy::parse_policies;
