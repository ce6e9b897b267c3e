//! The rules, against a server and against what this crate itself makes.

mod examples;
mod generated;
mod list;
mod replication;
mod seeded;
