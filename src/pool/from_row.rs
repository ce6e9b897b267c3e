//! Values and structs from rows.

use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, FromSqlOwned};

use crate::error::{Error, Kind, Result};

/// What a row can be read as: a tuple by position, or a struct by the names of columns.
///
/// [`from_row!`](crate::from_row) makes a struct that implements this. A tuple takes a row of exactly as many columns.
///
/// ```
/// use tenantry::{FromRow, Result, Row, read_column};
///
/// /// Written by hand, where two columns become one value.
/// struct Person {
///     name: String,
/// }
///
/// impl FromRow for Person {
///     fn from_row(row: &Row) -> Result<Self> {
///         let (first, last): (&str, &str) = (read_column(row, "first_name")?, read_column(row, "last_name")?);
///         Ok(Self { name: format!("{first} {last}") })
///     }
/// }
/// ```
///
/// A [`Row`] is tokio-postgres's own, so the traits of other crates read it as well:
///
/// ```
/// # trait PostgresFromRow: Sized {
/// #     fn try_from_row(row: &tenantry::Row) -> Result<Self, tokio_postgres::Error>;
/// # }
/// use tenantry::{Result, Statements};
///
/// async fn all<T: PostgresFromRow>(db: &Statements, sql: &str) -> Result<Vec<T>> {
///     let rows = db.query(sql, &[]).await?;
///     rows.iter().map(|row| Ok(T::try_from_row(row)?)).collect()
/// }
/// ```
pub trait FromRow: Sized {
    /// Reads a row.
    ///
    /// # Errors
    ///
    /// A column is missing, is NULL where no `Option` takes it, or is of a type that does not convert.
    fn from_row(row: &Row) -> Result<Self>;

    /// Reads rows. A struct of [`from_row!`](crate::from_row) looks for its columns once for all rows of one answer.
    ///
    /// # Errors
    ///
    /// As for [`from_row`](Self::from_row), of the first row that has one.
    fn from_rows(rows: &[Row]) -> Result<Vec<Self>> {
        rows.iter().map(Self::from_row).collect()
    }
}

/// Reads the column of this name, for a [`FromRow`] that is written by hand.
///
/// ```
/// use tenantry::{Result, Row, read_column};
///
/// fn total(row: &Row) -> Result<i64> {
///     read_column(row, "total")
/// }
/// ```
///
/// # Errors
///
/// The row has no such column, or its value does not convert. The error names the column, and what was expected and found,
/// and shows no value.
pub fn read_column<'a, T: FromSql<'a>>(row: &'a Row, name: &str) -> Result<T> {
    row.try_get(name).map_err(|error| Error::column(name, row.columns(), error))
}

/// Where the columns of these names stand: for [`from_row!`](crate::from_row), which makes the code that calls it.
#[doc(hidden)]
#[derive(Debug)]
pub struct NamedColumns<'r, const N: usize> {
    names: [&'static str; N],
    /// The row whose columns were looked at last.
    seen: Option<&'r Row>,
    at: [Option<usize>; N],
}

/// A row whose values are taken in the order of the names.
#[doc(hidden)]
#[derive(Debug)]
pub struct NamedValues<'a, 'r, const N: usize> {
    columns: &'a NamedColumns<'r, N>,
    row: &'r Row,
    next: usize,
}

impl<'r, const N: usize> NamedColumns<'r, N> {
    #[must_use]
    pub fn new(names: [&'static str; N]) -> Self {
        Self { names, seen: None, at: [None; N] }
    }

    pub fn of(&mut self, row: &'r Row) -> NamedValues<'_, 'r, N> {
        // Rows of one answer have one list of columns.
        if self.seen.is_none_or(|seen| !std::ptr::eq(seen.columns(), row.columns())) {
            let at = |name: &str| row.columns().iter().position(|column| column.name() == name);
            (self.seen, self.at) = (Some(row), self.names.map(at));
        }
        NamedValues { columns: self, row, next: 0 }
    }
}

impl<'r, const N: usize> NamedValues<'_, 'r, N> {
    /// The value of the next name.
    ///
    /// # Errors
    ///
    /// As for [`read_column`].
    pub fn read<T: FromSql<'r>>(&mut self) -> Result<T> {
        let (at, name) = (self.columns.at[self.next], self.columns.names[self.next]);
        self.next += 1;
        match at {
            Some(at) => self.row.try_get(at).map_err(|error| Error::column(name, self.row.columns(), error)),
            // One that is spelled in another case, or is not there.
            None => read_column(self.row, name),
        }
    }
}

fn read_at<T: FromSqlOwned>(row: &Row, position: usize) -> Result<T> {
    row.try_get(position).map_err(|error| Error::column_at(position, row.columns(), error))
}

fn expect_columns(row: &Row, expected: usize) -> Result<()> {
    let found = row.len();
    if found == expected { Ok(()) } else { Err(Error::from(Kind::ColumnCount { found, expected })) }
}

macro_rules! tuples {
    ($($count:literal: $($type:ident $position:literal),+;)+) => {$(
        impl<$($type: FromSqlOwned),+> FromRow for ($($type,)+) {
            fn from_row(row: &Row) -> Result<Self> {
                expect_columns(row, $count)?;
                Ok(($(read_at::<$type>(row, $position)?,)+))
            }
        }
    )+};
}

tuples! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    9: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    10: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    11: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    12: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
}

/// Makes structs that rows are read as, by the names of their columns.
///
/// Attributes, visibility and documentation stay as they are written. A field reads the column of its own name, or the one
/// that stands behind `=`; an `Option` takes NULL. Columns that no field reads are left alone, so `select *` will do.
///
/// ```
/// use tenantry::{Result, Statements, from_row};
///
/// from_row! {
///     /// An invoice, as lists show it.
///     #[derive(Clone, Debug, PartialEq)]
///     pub struct Invoice {
///         /// Its number, unique in its tenant.
///         pub number: String,
///         pub total: i64 = "total_cents",
///         pub note: Option<String>,
///     }
/// }
///
/// async fn open(db: &Statements) -> Result<Vec<Invoice>> {
///     db.query_as("select number, total_cents, note from invoice where status = $1", &[&"open"]).await
/// }
/// ```
#[macro_export]
macro_rules! from_row {
    (@column $field:ident) => { ::core::stringify!($field).trim_start_matches("r#") };
    (@column $field:ident $column:literal) => { $column };
    ($(
        $(#[$of_struct:meta])*
        $visible:vis struct $name:ident {
            $($(#[$of_field:meta])* $field_visible:vis $field:ident: $type:ty $(= $column:literal)?),* $(,)?
        }
    )+) => {$(
        $(#[$of_struct])*
        $visible struct $name {
            $($(#[$of_field])* $field_visible $field: $type,)*
        }

        impl $crate::FromRow for $name {
            fn from_row(row: &$crate::Row) -> $crate::Result<Self> {
                ::core::result::Result::Ok(Self {
                    $($field: $crate::read_column(row, $crate::from_row!(@column $field $($column)?))?,)*
                })
            }

            fn from_rows(rows: &[$crate::Row]) -> $crate::Result<::std::vec::Vec<Self>> {
                let mut columns =
                    $crate::NamedColumns::new([$($crate::from_row!(@column $field $($column)?)),*]);
                let mut read = ::std::vec::Vec::with_capacity(rows.len());
                for row in rows {
                    let mut values = columns.of(row);
                    read.push(Self { $($field: values.read()?,)* });
                }
                ::core::result::Result::Ok(read)
            }
        }
    )+};
}
