//! What can go wrong around a throwaway server.

use std::io;
use std::sync::Arc;

use tokio_postgres::Error as PgError;

/// A result whose error is [`Trouble`].
pub(crate) type Result<T, E = Trouble> = std::result::Result<T, E>;

/// A throwaway server could not be had. Its `Display` is one line that says what failed and what to do.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Trouble(Arc<Kind>);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
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
}

impl From<Kind> for Trouble {
    fn from(kind: Kind) -> Self {
        Self(Arc::new(kind))
    }
}

impl Trouble {
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Kind::Config(message.into()).into()
    }

    pub(crate) fn server(what: impl Into<String>, source: PgError) -> Self {
        Kind::Server(what.into(), source).into()
    }

    pub(crate) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Kind::Io(what.into(), source).into()
    }

    /// Whether no server could be found, so that nothing was started.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(*self.0, Kind::NotFound { .. })
    }
}

/// The end of a server's log on one line, for an error to quote.
pub(crate) fn log_tail(log: &str) -> String {
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
