//! Runs what [`policy`](crate::policy) renders.

mod apply;

pub use apply::apply;
