//! Runs what [`policy`](crate::policy) renders.

pub mod adopt;
mod apply;

pub use apply::apply;
