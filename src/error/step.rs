//! What was under way.

use std::fmt;

/// What was under way when the server or the connection failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Begin,
    Bind,
    Prepare,
    Statement,
    Commit,
    Rollback,
    Savepoint,
    Copy,
    /// The row that records an access across tenants.
    Record,
    Cancel,
    Guard,
    Setup,
    /// The reading of a part of the server's catalogs, by what that part is.
    #[cfg(feature = "lint")]
    Catalog(&'static str),
    /// A step of a script, by what the script calls it.
    #[cfg(feature = "migrate")]
    Script(String),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Begin => "the begin of the transaction",
            Self::Bind => "the binding of the context",
            Self::Prepare => "the preparation of the statement",
            Self::Statement => "the statement",
            Self::Commit => "the commit",
            Self::Rollback => "the rollback",
            Self::Savepoint => "the savepoint",
            Self::Copy => "the copy",
            Self::Record => "the record of the access across tenants",
            Self::Cancel => "the cancel request",
            Self::Setup => "the set-up of the connection",
            Self::Guard => "the check of the role",
            #[cfg(feature = "lint")]
            Self::Catalog(what) => return write!(f, "reading {what}"),
            #[cfg(feature = "migrate")]
            Self::Script(what) => what,
        })
    }
}
