//! Errors of the reading of a server's catalogs.

use tokio_postgres::Error as PgError;
use tokio_postgres::error::SqlState;

use super::{Error, Kind, Step};

impl Error {
    /// An error of a query on the server's catalogs.
    pub(crate) fn catalog(what: &'static str, source: PgError) -> Self {
        let step = Step::Catalog(what);
        if source.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
            return Kind::CatalogDenied { step, source }.into();
        }
        Self::server(step, source)
    }

    /// An error of a value that the server could not write out any more.
    pub(crate) fn catalog_changed(what: &'static str, column: &str) -> Self {
        Kind::CatalogChanged { step: Step::Catalog(what), column: column.to_owned() }.into()
    }

    pub(crate) fn catalog_unknown(what: &'static str, column: &str, found: String) -> Self {
        Kind::CatalogUnknown { step: Step::Catalog(what), column: column.to_owned(), found }.into()
    }
}
