//! Errors of the tool's side.

use tokio_postgres::Error as PgError;
use tokio_postgres::error::SqlState;

use super::{Error, Kind, Step};

impl Error {
    #[cfg(feature = "migrate")]
    pub(crate) fn script(what: impl Into<String>, source: PgError) -> Self {
        Self::server(Step::Script(what.into()), source)
    }

    #[cfg(feature = "migrate")]
    pub(crate) fn adopt(message: impl Into<String>) -> Self {
        Kind::Adopt(message.into()).into()
    }

    #[cfg(feature = "migrate")]
    pub(crate) fn lacks_role(message: impl Into<String>) -> Self {
        Kind::LacksRole(message.into()).into()
    }

    /// Somebody else is doing what one can do at a time.
    #[cfg(feature = "migrate")]
    pub(crate) fn busy(message: impl Into<String>) -> Self {
        Self::adopt(message)
    }

    /// A connection could not be opened.
    #[cfg(feature = "migrate")]
    pub(crate) fn connect(source: PgError) -> Self {
        Kind::Connect { source, plain: false }.into()
    }

    /// A data statement of a migration has changed no row of a table that has some.
    #[cfg(feature = "migrate")]
    pub(crate) fn zero_rows(table: String) -> Self {
        Kind::ZeroRows { table }.into()
    }

    /// An error of a query on the server's catalogs.
    #[cfg(feature = "lint")]
    pub(crate) fn catalog(what: &'static str, source: PgError) -> Self {
        let step = Step::Catalog(what);
        if source.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
            return Kind::CatalogDenied { step, source }.into();
        }
        Self::server(step, source)
    }

    /// An error of a value that the server could not write out any more.
    #[cfg(feature = "lint")]
    pub(crate) fn catalog_changed(what: &'static str, column: &str) -> Self {
        Kind::CatalogChanged { step: Step::Catalog(what), column: column.to_owned() }.into()
    }

    #[cfg(feature = "lint")]
    pub(crate) fn catalog_unknown(what: &'static str, column: &str, found: String) -> Self {
        Kind::CatalogUnknown { step: Step::Catalog(what), column: column.to_owned(), found }.into()
    }
}
