//! Rows that are read as values, by this crate's own means and by those that others generate.

mod generated;
mod prepared;
mod values;
