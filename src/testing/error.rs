//! What can go wrong around a throwaway server.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use tokio_postgres::Error as PgError;

/// A result whose error is [`TestError`].
pub(super) type Result<T, E = TestError> = std::result::Result<T, E>;

/// What a closure that fills a [`Template`](super::Template) may fail with.
pub type SetupError = Box<dyn StdError + Send + Sync>;

/// A test server or a test database could not be had.
///
/// Its `Display` is one line that says what failed and what to do. It can be cloned, so that every
/// test of a process is told why the one server that they share did not start.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct TestError(Arc<Kind>);

#[derive(Debug, thiserror::Error)]
pub(super) enum Kind {
    #[error("{0}")]
    Config(String),
    #[error("{missing}; do one of these: {ways}")]
    NotFound { missing: String, ways: String },
    #[error("{what}; its log ends: {log}")]
    Died { what: &'static str, log: String },
    #[error("the server took no connection within {seconds} s; its log ends: {log}")]
    NotReady {
        seconds: u64,
        log: String,
        #[source]
        source: Option<PgError>,
    },
    #[error("{0}")]
    Io(String, #[source] io::Error),
    #[error("{0}")]
    Server(String, #[source] PgError),
    #[error("the container did not start: {0}")]
    Docker(#[from] testcontainers::TestcontainersError),
    #[error("template {0:?} could not be filled")]
    Setup(&'static str, #[source] SetupError),
}

impl From<Kind> for TestError {
    fn from(kind: Kind) -> Self {
        Self(Arc::new(kind))
    }
}

impl TestError {
    pub(super) fn no_connection(source: PgError) -> Self {
        Self::server("no connection to the test server", source)
    }

    pub(super) fn config(message: impl Into<String>) -> Self {
        Kind::Config(message.into()).into()
    }

    pub(super) fn server(what: impl Into<String>, source: PgError) -> Self {
        Kind::Server(what.into(), source).into()
    }

    pub(super) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Kind::Io(what.into(), source).into()
    }

    /// Whether no server could be found, so that nothing was started.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(*self.0, Kind::NotFound { .. })
    }
}

/// The end of a server's log on one line, for an error to quote.
pub(super) fn log_tail(log: &str) -> String {
    const LINES: usize = 6;
    let lines: Vec<&str> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return "(the log is empty)".to_owned();
    }
    lines[lines.len().saturating_sub(LINES)..].join(" | ")
}

#[cfg(test)]
mod tests {
    use super::log_tail;

    #[test]
    fn the_tail_of_a_log_is_one_line() {
        assert_eq!(log_tail(""), "(the log is empty)");
        assert_eq!(log_tail("a\n\n  b\n"), "a | b");
        let lines: Vec<String> = (0..50).map(|n| n.to_string()).collect();
        assert_eq!(log_tail(&lines.join("\n")), "44 | 45 | 46 | 47 | 48 | 49");
    }
}
