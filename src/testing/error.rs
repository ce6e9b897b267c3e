//! What can go wrong around a test server or a test database.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use tokio_postgres::Error as PgError;

use crate::throwaway::{self, Trouble};

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
    #[error(transparent)]
    Server(Trouble),
    #[error("template {0:?} could not be filled")]
    Setup(&'static str, #[source] SetupError),
}

impl From<Kind> for TestError {
    fn from(kind: Kind) -> Self {
        Self(Arc::new(kind))
    }
}

impl From<Trouble> for TestError {
    fn from(trouble: Trouble) -> Self {
        Kind::Server(trouble).into()
    }
}

impl TestError {
    pub(super) fn no_connection(source: PgError) -> Self {
        Self::server("no connection to the test server", source)
    }

    pub(super) fn not_found(missing: String, ways: String) -> Self {
        Trouble::from(throwaway::Kind::NotFound { missing, ways }).into()
    }

    pub(super) fn config(message: impl Into<String>) -> Self {
        Trouble::config(message).into()
    }

    pub(super) fn server(what: impl Into<String>, source: PgError) -> Self {
        Trouble::server(what, source).into()
    }

    pub(super) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Trouble::io(what, source).into()
    }

    /// Whether no server could be found, so that nothing was started.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(&*self.0, Kind::Server(trouble) if trouble.is_not_found())
    }
}
