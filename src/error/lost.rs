//! Connections that were lost, and what that means for the work that was under way.

use tokio_postgres::Error as PgError;
use tokio_postgres::error::{DbError, Severity};

use super::fault::Fault;
use super::{Error, Kind, Step};

/// What a lost connection leaves of a unit of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing, since it was not at its end: the server rolls back.
    Undone,
    /// Nothing, since its last step was never handed to the network.
    NotSent,
    /// Nothing that could be missed, since it could not write.
    ReadOnly,
    /// Nobody knows.
    InDoubt,
}

/// The line for a step that a connection was lost in, by how it was lost.
pub(super) fn line(step: &Step, outcome: Outcome, how: &str) -> String {
    match outcome {
        Outcome::Undone => format!("{step} failed: {how}"),
        Outcome::NotSent => format!("{step} was not sent: {how}; nothing took effect, so run it again"),
        Outcome::ReadOnly => {
            format!("{step} failed: {how}; nothing was written, as the transaction was read-only")
        }
        Outcome::InDoubt => format!(
            "the connection broke after {step} was sent and before it was answered: {how}; find out whether it took effect before you repeat it"
        ),
    }
}

impl Error {
    /// Whether the statement has left a connection that it shared, to be sent on another.
    pub(crate) fn is_left(&self) -> bool {
        matches!(*self.kind(), Kind::Left)
    }
}

/// Whether the connection is gone: by what the transport says or the server as it leaves, never by
/// the SQLSTATE of an error after which it stays, as a function or a foreign server can raise any.
pub(crate) fn connection_is_lost(error: &PgError) -> bool {
    match Fault::of(error) {
        Fault::Server(db) => is_farewell(db),
        Fault::Closed | Fault::Io | Fault::Connect | Fault::Tls => true,
        _ => false,
    }
}

/// Whether an error of the server's is its last one on this connection.
///
/// Without the severity that is not translated, it is an error of a pooler's own. What PgBouncer
/// says before it closes a connection is an `ERROR` in its older versions, of class 08.
fn is_farewell(db: &DbError) -> bool {
    match db.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        None => matches!(db.severity(), "FATAL" | "PANIC") || db.code().code().starts_with("08"),
    }
}
