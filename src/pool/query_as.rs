//! Statements whose rows are read as values.

use tokio_postgres::types::{FromSqlOwned, ToSql};

use super::from_row::FromRow;
use super::statement::ToStatement;
use super::statements::Statements;
use crate::error::Result;

impl Statements {
    /// Runs a statement and reads its rows, each as a tuple or as a struct of [`from_row!`](crate::from_row).
    ///
    /// ```
    /// use tenantry::{Result, Statements};
    ///
    /// async fn totals(db: &Statements) -> Result<Vec<(String, i64)>> {
    ///     db.query_as("select number, total from invoice where status = $1", &[&"open"]).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Statements`], and when a row is not as the type expects it. The statement has run by then, and outside of a
    /// transaction it is committed.
    pub async fn query_as<T: FromRow>(
        &self,
        statement: &(impl ToStatement + ?Sized),
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<T>> {
        T::from_rows(&self.query(statement, params).await?)
    }

    /// The same of a statement that returns one row.
    ///
    /// # Errors
    ///
    /// As for [`query_as`](Self::query_as), and when the number of rows is not one
    /// ([`Error::is_row_count`](crate::Error::is_row_count)).
    pub async fn query_as_one<T: FromRow>(
        &self,
        statement: &(impl ToStatement + ?Sized),
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<T> {
        T::from_row(&self.query_one(statement, params).await?)
    }

    /// The same of a statement that returns a row or none.
    ///
    /// # Errors
    ///
    /// As for [`query_as`](Self::query_as), and when there is more than one row
    /// ([`Error::is_row_count`](crate::Error::is_row_count)).
    pub async fn query_as_opt<T: FromRow>(
        &self,
        statement: &(impl ToStatement + ?Sized),
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<T>> {
        self.query_opt(statement, params).await?.as_ref().map(T::from_row).transpose()
    }

    /// Runs a statement that returns one row of one column, and reads that.
    ///
    /// ```
    /// use tenantry::{Result, Statements};
    ///
    /// async fn open_invoices(db: &Statements) -> Result<i64> {
    ///     db.query_scalar("select count(*) from invoice where status = $1", &[&"open"]).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`query_as_one`](Self::query_as_one).
    pub async fn query_scalar<T: FromSqlOwned>(
        &self,
        statement: &(impl ToStatement + ?Sized),
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<T> {
        self.query_as_one::<(T,)>(statement, params).await.map(|(value,)| value)
    }

    /// The same of a statement that returns a row or none. A value that can be NULL is read as an `Option` within.
    ///
    /// # Errors
    ///
    /// As for [`query_as_opt`](Self::query_as_opt).
    pub async fn query_scalar_opt<T: FromSqlOwned>(
        &self,
        statement: &(impl ToStatement + ?Sized),
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<T>> {
        Ok(self.query_as_opt::<(T,)>(statement, params).await?.map(|(value,)| value))
    }
}
