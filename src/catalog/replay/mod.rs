//! Reads a schema from SQL files.

mod cursor;
mod lex;
mod parse;
mod policy;
mod value;

#[expect(unused_imports, reason = "the plan reads the policies that it renders with it")]
pub(crate) use policy::parse_policies;
