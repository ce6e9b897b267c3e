//! What kind an error of the driver's is.
//!
//! The driver keeps that to itself, so it is told by what the error displays. The tests provoke each
//! kind that counts here, so that they fail when an update of the driver chooses other words.

use std::error::Error as StdError;

use tokio_postgres::Error as PgError;
use tokio_postgres::error::DbError;
use tokio_postgres::types::{WasNull, WrongType};

/// An error of the driver's, by its kind.
#[derive(Debug)]
pub(super) enum Fault<'a> {
    /// The server's own report, or a pooler's.
    Server(&'a DbError),
    /// The connection was gone.
    Closed,
    /// Reading or writing failed.
    Io,
    /// No connection came about.
    Connect,
    Tls,
    Authentication,
    /// What the configuration says does not go together.
    Config,
    /// A parameter did not convert; the first one is 1. Nothing was sent.
    Parameter(usize),
    /// So many parameters were given for a statement that has another number of them. Nothing was sent.
    ParameterCount {
        given: usize,
        expected: usize,
    },
    /// The protocol cannot carry it. Nothing was sent.
    Unwritable,
    /// A value did not convert; the first column is 0.
    Column(usize),
    /// The row has no such column.
    NoColumn(String),
    /// An answer is not the one that the request has.
    Unexpected,
    /// An answer cannot be read.
    Unreadable,
    Other,
}

impl<'a> Fault<'a> {
    pub(super) fn of(error: &'a PgError) -> Self {
        if let Some(db) = error.as_db_error() {
            return Self::Server(db);
        }
        if error.is_closed() {
            return Self::Closed;
        }
        let text = error.to_string();
        match text.as_str() {
            "error communicating with the server" => Self::Io,
            "error connecting to server" => Self::Connect,
            "error performing TLS handshake" => Self::Tls,
            "authentication error" => Self::Authentication,
            "invalid configuration" => Self::Config,
            "error encoding message to server" => Self::Unwritable,
            // Both directions have this one; of what was to be written, nothing is sent.
            "error parsing response from server" if is_of_writing(error) => Self::Unwritable,
            "error parsing response from server" => Self::Unreadable,
            "unexpected message from server" => Self::Unexpected,
            text => Self::with_number(text),
        }
    }

    fn with_number(text: &str) -> Self {
        let after = |words: &str| text.strip_prefix(words);
        let number = |words: &str| after(words)?.parse::<usize>().ok();
        if let Some(index) = number("error serializing parameter ") {
            return Self::Parameter(index + 1);
        }
        if let Some(index) = number("error deserializing column ") {
            return Self::Column(index);
        }
        if let Some(name) = after("invalid column `").and_then(|rest| rest.strip_suffix('`')) {
            return Self::NoColumn(name.to_owned());
        }
        let counts = after("expected ").and_then(|rest| rest.split_once(" parameters but got "));
        match counts.map(|(expected, given)| (expected.parse(), given.parse())) {
            Some((Ok(expected), Ok(given))) => Self::ParameterCount { given, expected },
            _ => Self::Other,
        }
    }

    /// Whether the driver stopped the statement before any of it was sent.
    pub(super) fn is_of_the_caller(&self) -> bool {
        matches!(self, Self::Parameter(_) | Self::ParameterCount { .. } | Self::Unwritable)
    }
}

/// Whether the source is what the driver says of a message that it cannot write.
fn is_of_writing(error: &PgError) -> bool {
    error.source().is_some_and(|source| {
        let text = source.to_string();
        matches!(&*text, "value too large to transmit" | "string contains embedded null")
    })
}

/// Why a value does not convert, without the value.
pub(super) enum Mismatch {
    /// The names of the types.
    Types {
        rust: String,
        postgres: String,
    },
    Null,
    /// The conversion has failed for a reason of its own, which may quote the value.
    Value,
}

impl Mismatch {
    pub(super) fn of(error: &PgError) -> Self {
        error.source().map_or(Self::Value, Self::of_source)
    }

    /// The same of what a conversion itself has said.
    pub(super) fn of_source(source: &(dyn StdError + 'static)) -> Self {
        if source.is::<WasNull>() {
            return Self::Null;
        }
        let types = source.downcast_ref::<WrongType>().map(ToString::to_string);
        // Cannot convert between the Rust type `i32` and the Postgres type `int8`.
        let mut names = types.iter().flat_map(|text| text.split('`').skip(1).step_by(2));
        match (names.next(), names.next()) {
            (Some(rust), Some(postgres)) => {
                Self::Types { rust: rust.to_owned(), postgres: postgres.to_owned() }
            }
            _ => Self::Value,
        }
    }
}
