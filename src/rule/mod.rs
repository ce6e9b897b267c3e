//! What can go wrong with row-level security, and how to see it: one set of rules, for SQL files and for live databases.
//!
//! [`lint`] runs the rules over migration files, without a database. [`audit`] runs them over the catalogs of a server. Most
//! rules look at the [`Catalog`](crate::catalog::Catalog) that either of them gives; some look at the sequence of statements, some
//! into the bodies of functions and DO blocks, and some at what only a server knows. Nothing here talks to a server or reads a file.

mod bound;
mod code;
mod engine;
pub mod example;
mod finding;
mod own;
mod pending;
mod record;
mod rules;
mod sentence;
mod settings;
mod subject;
#[cfg(test)]
mod tests;
mod undone;
mod watch;

pub use engine::{Report, audit, lint};
pub use finding::{Finding, Place};
pub use record::{Reach, Rule, Severity};
pub use rules::{all, rule};
