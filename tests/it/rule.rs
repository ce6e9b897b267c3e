//! The rules, against a server and against what this crate itself makes.

pub(crate) mod examples;
mod generated;
mod list;
mod replication;
pub(crate) mod seeded;
