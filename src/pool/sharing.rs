//! Who may share a connection with whom.

use std::time::Duration;

use super::binding::Binding;
use crate::error::{Error, Result};

/// Which statements may share a connection with those of other callers.
///
/// A statement of a scope is complete in itself: its context, the statement and what ends them travel in one request. So
/// statements of different tenants can follow each other on one connection, and none waits for the answer to the one
/// before. A caller who finds an idle connection has it alone; one who would have to wait in the queue sends the statement
/// behind those that are under way on a connection, if all of them may share. The server answers in the order in which they
/// were sent.
///
/// What shares is one statement of a scope, prepared and collected (`query`, `query_one`, `query_opt`, `execute`,
/// `execute_raw`), with [`Strategy::Implicit`](crate::Strategy::Implicit) and without an isolation level of its own, that has
/// taken a few milliseconds at most when it ran before, and whose text names nothing that reaches beyond the transaction
/// (`set_config`, advisory locks). Transactions, streams, cursors and COPY have their connections alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sharing {
    /// None.
    Never,
    /// Those whose context is [`read_only`](crate::TenantContext::read_only). The default.
    ///
    /// One that only reads waits for hardly any lock, and can be sent twice: who has waited for some 20 ms behind a statement
    /// that does not come to its end leaves it and is served elsewhere, the next time after twice as long and in the end alone; one
    /// whose connection was lost has the next one alone. So nobody depends on who shares the connection.
    #[default]
    Reads,
    /// Those that write, too.
    ///
    /// A statement that waits for a row lock holds up all that were sent behind it, and these stay behind it, since what
    /// writes cannot be sent twice. **One of them may belong to the caller who holds the lock**, in a transaction on another
    /// connection: each waits for the other then, which the server cannot see, until `lock_timeout`, `statement_timeout`
    /// or the pool's `timeout` ends it. So set one of these, and do not run statements of a scope while a transaction of the
    /// same task is open. Behind a pooler, what writes has its connection alone all the same.
    Always,
}

/// How a pool shares its connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct SharingRules {
    pub(super) sharing: Sharing,
    /// How many statements may be under way on one connection.
    pub(super) depth: usize,
    /// On how many connections they are spread, at most.
    pub(super) width: usize,
}

/// The most that a pool may be told.
const DEEPEST: usize = 1024;

impl Default for SharingRules {
    fn default() -> Self {
        Self { sharing: Sharing::default(), depth: 64, width: usize::MAX }
    }
}

impl SharingRules {
    /// Nothing shares.
    pub(super) const NEVER: Self = Self { sharing: Sharing::Never, depth: 1, width: usize::MAX };

    pub(super) fn check(self) -> Result<()> {
        if self.width == 0 {
            return Err(Error::config(
                "a sharing_width of 0 leaves no connection for what shares; set it to 1 or more, or sharing to Never",
            ));
        }
        if (1..=DEEPEST).contains(&self.depth) {
            return Ok(());
        }
        Err(Error::config(format!(
            "a sharing_depth of {} is not between 1 and {DEEPEST}; 1 has each statement alone on its connection",
            self.depth
        )))
    }
}

impl Sharing {
    /// Whether a statement with this context may share.
    pub(super) fn takes(self, binding: &Binding) -> bool {
        let may = match self {
            Self::Never => false,
            Self::Reads => binding.is_read_only(),
            Self::Always => true,
        };
        may && binding.needs_no_begin()
    }
}

/// What takes longer on the server has its connection alone, and nobody joins those behind one that has not come to its
/// end for as long.
pub(super) const SHORT: Duration = Duration::from_millis(5);

/// Who only reads leaves a connection on which nothing has come to its end for as long, the first time.
pub(super) const STANDSTILL: Duration = Duration::from_millis(20);
