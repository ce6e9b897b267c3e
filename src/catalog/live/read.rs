//! Runs a query and takes its rows apart.

use std::error::Error as _;
use std::pin::pin;

use futures_util::TryStreamExt;
use tokio_postgres::types::{FromSql, Type, WasNull};
use tokio_postgres::{Row, Transaction};

use super::super::Expr;
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName};

/// A number under which rows of several queries name the same object.
pub(super) type Oid = u32;

/// A query: what it reads, in words, and the text.
#[derive(Clone, Copy)]
pub(super) struct Query {
    pub(super) what: &'static str,
    pub(super) sql: &'static str,
}

/// Runs a query and turns each row into something else as it comes.
///
/// Neither a prepared statement nor a second round trip is needed, so queries whose futures are joined are answered in
/// one.
pub(super) async fn rows<T>(
    transaction: &Transaction<'_>,
    query: Query,
    take: impl Fn(&Line) -> Result<T>,
) -> Result<Vec<T>> {
    let failed = |source| Error::catalog(query.what, source);
    let none: [(&str, Type); 0] = [];
    let stream = transaction.query_typed_raw(query.sql, none).await.map_err(failed)?;
    let mut stream = pin!(stream);
    let mut found = Vec::new();
    while let Some(row) = stream.try_next().await.map_err(failed)? {
        found.push(take(&Line { row, what: query.what })?);
    }
    Ok(found)
}

/// A row of a query.
pub(super) struct Line {
    row: Row,
    what: &'static str,
}

impl Line {
    /// The value of a column.
    pub(super) fn get<'a, T: FromSql<'a>>(&'a self, column: &str) -> Result<T> {
        self.row.try_get(column).map_err(|error| match error.source() {
            // The server writes no expression of a table that is no longer there.
            Some(source) if source.is::<WasNull>() => Error::catalog_changed(self.what, column),
            _ => Error::catalog(self.what, error),
        })
    }

    /// The value of a column of type `"char"`.
    pub(super) fn letter(&self, column: &str) -> Result<char> {
        self.get::<i8>(column).map(letter)
    }

    pub(super) fn text(&self, column: &str) -> Result<String> {
        self.get(column)
    }

    pub(super) fn ident(&self, column: &str) -> Result<Ident> {
        Ident::new(self.get::<&str>(column)?)
    }

    pub(super) fn ident_if_any(&self, column: &str) -> Result<Option<Ident>> {
        self.get::<Option<&str>>(column)?.map(Ident::new).transpose()
    }

    pub(super) fn idents(&self, column: &str) -> Result<Vec<Ident>> {
        self.get::<Vec<&str>>(column)?.into_iter().map(Ident::new).collect()
    }

    pub(super) fn qualified(&self, schema: &str, name: &str) -> Result<QualifiedName> {
        Ok(QualifiedName::new(self.ident(schema)?, self.ident(name)?))
    }

    pub(super) fn expr(&self, column: &str) -> Result<Option<Expr>> {
        Ok(self.get::<Option<&str>>(column)?.map(Expr::new))
    }

    /// Says that a column holds what this crate does not know.
    pub(super) fn unknown(&self, column: &str, found: impl Into<String>) -> Error {
        Error::catalog_unknown(self.what, column, found.into())
    }
}

/// The letter of a value of type `"char"`.
pub(super) fn letter(byte: i8) -> char {
    char::from(byte.cast_unsigned())
}
