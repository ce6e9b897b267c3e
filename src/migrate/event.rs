//! What happens while migrations run, for whoever shows it.

use std::time::Duration;

use super::migration::Migration;

/// Something that has happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Somebody else is changing the schema, and this waits for its turn.
    Waiting {
        /// How long so far.
        waited: Duration,
        /// The process on the server that does, if it is known.
        pid: Option<i32>,
    },
    /// A migration begins.
    Started {
        /// Which one.
        migration: &'a Migration,
    },
    /// A lock was not to be had in time, and the step is tried again after a pause.
    Retrying {
        /// Which migration.
        migration: &'a Migration,
        /// The number of the next attempt, the first being 1.
        attempt: u32,
        /// How many attempts there are.
        attempts: u32,
        /// How long it is until then.
        pause: Duration,
    },
    /// A statement of a migration without a transaction is done.
    Statement {
        /// Which migration.
        migration: &'a Migration,
        /// How many of its statements are done.
        done: usize,
        /// How many there are.
        of: usize,
    },
    /// A migration was run for a tenant, or failed for it.
    Tenants {
        /// Which migration.
        migration: &'a Migration,
        /// For how many tenants it is done, those of earlier runs included.
        done: usize,
        /// For how many it has failed.
        failed: usize,
        /// How many there are.
        of: usize,
    },
    /// A migration is done and in the ledger.
    Finished {
        /// Which one.
        migration: &'a Migration,
        /// How long it took.
        took: Duration,
        /// How many rows its data statements have changed.
        rows: u64,
    },
}
