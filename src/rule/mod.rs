//! What can go wrong with row-level security, and how to see it: one set of rules, for SQL files and for live databases.
//!
//! [`lint`] runs the rules over migration files, without a database. [`audit`] runs them over the catalogs of a server. Most
//! rules look at the [`Catalog`](crate::catalog::Catalog) that either of them gives; some look at the sequence of statements, some
//! into the bodies of functions and DO blocks, and some at what only a server knows. Nothing here talks to a server or reads a file.
//!
//! # The rules
//!
#![doc = include_str!("list.md")]

mod baseline;
mod code;
mod doubt;
mod engine;
pub mod example;
mod finding;
#[cfg(test)]
mod growth;
mod judge;
pub(crate) mod needed;
mod place;
mod record;
mod rules;
mod shared_out;
mod subject;
mod suppression;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trial;
mod watch;
mod words;

pub use baseline::Baseline;
#[cfg(feature = "cli")]
pub(crate) use engine::lint_some;
pub use engine::{Report, audit, lint, lint_on, lint_run};
pub use finding::Finding;
pub use place::Place;
#[cfg(feature = "migrate")]
pub(crate) use place::at;
pub use record::{Reach, Rule, Severity};
pub use rules::{all, rule};
#[cfg(feature = "prove")]
pub(crate) use subject::{key::tells_nothing, lookup::is_asked};
#[cfg(feature = "migrate")]
pub(crate) use watch::rows::{Rows, Touched};
