//! The values of a chunk, as the server takes them.

use bytes::BytesMut;
use postgres_protocol::types::{ArrayDimension, array_to_sql};
use tokio_postgres::types::{Format, IsNull, ToSql, Type};

use crate::error::{Error, Kind, Result};
use crate::pool::batch::Converted;

/// One row's values.
pub(super) type Row<'r, const N: usize> = [&'r (dyn ToSql + Sync); N];

/// Rows that are still to be sent.
///
/// The one that was looked at is kept by its own type, and not by the iterator's: of that, the compiler cannot see whether it may
/// go to another thread where it borrows.
pub(super) struct Rows<'r, I, const N: usize> {
    ahead: Option<Row<'r, N>>,
    rest: I,
    /// The number of the next one.
    number: u64,
}

impl<'r, I: Iterator<Item = Row<'r, N>>, const N: usize> Rows<'r, I, N> {
    pub(super) fn new(mut rows: I) -> Self {
        Self { ahead: rows.next(), rest: rows, number: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ahead.is_none()
    }

    /// Takes up to so many of them, and looks whether there are more.
    pub(super) fn chunk(&mut self, size: usize) -> Chunk<'r, N> {
        let (mut rows, first) = (Vec::new(), self.number);
        while rows.len() < size
            && let Some(row) = self.ahead.take()
        {
            rows.push(row);
            self.ahead = self.rest.next();
        }
        self.number += rows.len() as u64;
        Chunk { rows, first }
    }
}

/// Rows that are sent together, and the number of the first of them.
pub(super) struct Chunk<'r, const N: usize> {
    pub(super) rows: Vec<Row<'r, N>>,
    pub(super) first: u64,
}

impl<const N: usize> Chunk<'_, N> {
    /// Whether each value has the form that elements of an array have.
    pub(super) fn is_binary(&self, types: &[Type]) -> bool {
        let is_binary =
            |(value, ty): (&&(dyn ToSql + Sync), &Type)| matches!(value.encode_format(ty), Format::Binary);
        self.rows.iter().all(|row| row.iter().zip(types).all(is_binary))
    }

    /// An array for each column, its elements converted where they stand.
    pub(super) fn arrays(&self, types: &[Type], columns: &[&str; N]) -> Result<Vec<Converted>> {
        let array = |(at, ty): (usize, &Type)| {
            let mut buf = BytesMut::new();
            let length =
                i32::try_from(self.rows.len()).map_err(|_| Error::config("a chunk has too many rows"))?;
            let mut row = self.first;
            let values = self.rows.iter().map(|row| row[at]);
            let written = array_to_sql(
                [ArrayDimension { len: length, lower_bound: 1 }],
                ty.oid(),
                values,
                |value, buf| {
                    let is_null = value.to_sql_checked(ty, buf)?;
                    row += 1;
                    Ok(match is_null {
                        IsNull::Yes => postgres_protocol::IsNull::Yes,
                        IsNull::No => postgres_protocol::IsNull::No,
                    })
                },
                &mut buf,
            );
            written.map_err(|source| Kind::Value { column: columns[at].to_owned(), row, source })?;
            Ok(Converted::binary(buf.freeze()))
        };
        types.iter().enumerate().map(array).collect()
    }

    /// Each value by itself, row by row.
    pub(super) fn values(&self, types: &[Type], columns: &[&str; N]) -> Result<Vec<Converted>> {
        let mut buf = BytesMut::new();
        let mut values = Vec::with_capacity(self.rows.len() * N);
        for (row, number) in self.rows.iter().zip(self.first..) {
            for ((value, ty), column) in row.iter().zip(types).zip(columns) {
                values.push(Converted::new(*value, ty, &mut buf).map_err(|source| Kind::Value {
                    column: (*column).to_owned(),
                    row: number,
                    source,
                })?);
            }
        }
        Ok(values)
    }
}
