//! Rules, where they meet the rest of the crate.

mod generated;
