//! What a server, or whatever stands in front of it, did that the protocol does not allow.

use std::borrow::Cow;
use std::io;

/// A message that the server had no reason to send. Nothing after it can be trusted, so the
/// connection ends with it.
///
/// Boxed, because each message that is judged could be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server or a pooler broke the protocol: expected {}, got {}", .0.expected, .0.found)]
pub(crate) struct Violation(Box<Misfit>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Misfit {
    expected: Cow<'static, str>,
    found: Cow<'static, str>,
}

impl Violation {
    pub(super) fn new(expected: impl Into<Cow<'static, str>>, found: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Misfit { expected: expected.into(), found: found.into() }))
    }

    /// The violation that an error of the driver's tells of, if it does.
    pub(super) fn behind(error: &tokio_postgres::Error) -> Option<&Self> {
        let io: &io::Error = std::error::Error::source(error)?.downcast_ref()?;
        io.get_ref()?.downcast_ref()
    }
}

impl From<Violation> for io::Error {
    fn from(violation: Violation) -> Self {
        Self::new(io::ErrorKind::InvalidData, violation)
    }
}
