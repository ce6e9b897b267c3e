//! Many rows at once, under policies, which `COPY … FROM` does not take.

mod column;
mod run;
mod text;

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};

use tokio_postgres::types::ToSql;

use super::observe::Operation;
use super::statements::Statements;
use crate::error::Result;

/// How many rows are sent at a time where nothing else is asked for.
const CHUNK: usize = 1_000;

/// Of a type that does not name the iterator: of one that borrows, the compiler could not see whether it may go to another thread.
type Inserting<'f> = Pin<Box<dyn Future<Output = Result<u64>> + Send + 'f>>;

/// Rows to insert into a table, from [`Statements::insert_into`](crate::Statements::insert_into).
#[must_use = "nothing is sent before the rows are given"]
pub struct InsertInto<'a, const N: usize> {
    statements: &'a Statements,
    table: &'a str,
    columns: [&'a str; N],
    skips_conflicts: bool,
    chunk: usize,
}

impl Statements {
    /// Inserts rows into the named columns of a table, and returns how many were inserted: [`insert_into`](Self::insert_into)
    /// without options.
    ///
    /// ```
    /// use tenantry::types::ToSql;
    /// use tenantry::{Result, Statements};
    ///
    /// struct Invoice {
    ///     number: String,
    ///     total: i64,
    /// }
    ///
    /// async fn import(db: &Statements, invoices: &[Invoice]) -> Result<u64> {
    ///     let rows = invoices.iter().map(|i| [&i.number as &(dyn ToSql + Sync), &i.total]);
    ///     db.insert_many("invoice", ["number", "total"], rows).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`InsertInto::rows`].
    pub fn insert_many<'f, 'r: 'f, const N: usize, I>(
        &'f self,
        table: &'f str,
        columns: [&'f str; N],
        rows: I,
    ) -> Inserting<'f>
    where
        I: IntoIterator<Item = [&'r (dyn ToSql + Sync); N]>,
        I::IntoIter: Send + 'f,
    {
        self.insert_into(table, columns).rows(rows)
    }

    /// Rows to insert into the named columns of a table, which `INSERT` takes in chunks: policies apply, and columns that are
    /// not named get their defaults, the tenant's among them. (PostgreSQL runs no `COPY … FROM` on a table whose policies bind
    /// the role.)
    ///
    /// The table is `name` or `schema.name`, table and columns as the catalog spells them; all of them are quoted. The types of
    /// the columns are asked of the server once on each connection. The rows of a chunk travel as an array for each column;
    /// where a column is itself an array or a composite, as a parameter for each value.
    ///
    /// ```
    /// use tenantry::types::ToSql;
    /// use tenantry::{Result, Statements};
    ///
    /// async fn seen(db: &Statements, pages: &[(String, i64)]) -> Result<u64> {
    ///     db.insert_into("page", ["path", "length"])
    ///         .on_conflict_do_nothing()
    ///         .rows(pages.iter().map(|(path, length)| [path as &(dyn ToSql + Sync), length]))
    ///         .await
    /// }
    /// ```
    pub fn insert_into<'a, const N: usize>(
        &'a self,
        table: &'a str,
        columns: [&'a str; N],
    ) -> InsertInto<'a, N> {
        InsertInto { statements: self, table, columns, skips_conflicts: false, chunk: CHUNK }
    }
}

impl<'a, const N: usize> InsertInto<'a, N> {
    /// Leaves out rows that would break a unique rule: `ON CONFLICT DO NOTHING`. Without it, such a row is an error.
    pub fn on_conflict_do_nothing(self) -> Self {
        Self { skips_conflicts: true, ..self }
    }

    /// How many rows are sent at a time, 1,000 unless something else is asked for; 0 is taken for 1. No more than two chunks
    /// are in memory at once. Where values travel one by one, a chunk has no more of them than the protocol can count, 65,535.
    pub fn chunk_size(self, rows: usize) -> Self {
        Self { chunk: rows.max(1), ..self }
    }

    /// Inserts the rows and returns how many were inserted.
    ///
    /// On a scope all of them are one transaction, whose `COMMIT` travels with the last chunk. In a transaction they are a part of
    /// it. The iterator is read as rows are sent, and a chunk is on its way while the next is made. No rows send nothing. The pool's
    /// `timeout` is for all rows together.
    ///
    /// # Errors
    ///
    /// As for [`Statements`]. A value that does not convert to the type of its column is told with column and row
    /// ([`Error::is_usage`](crate::Error::is_usage)); in a transaction, chunks ahead of it have been inserted by then.
    pub fn rows<'f, 'r: 'f, I>(self, rows: I) -> Inserting<'f>
    where
        'a: 'f,
        I: IntoIterator<Item = [&'r (dyn ToSql + Sync); N]>,
        I::IntoIter: Send + 'f,
    {
        const { assert!(N > 0, "name the columns that the rows have values for") }
        let rows: Box<dyn Iterator<Item = [&'r (dyn ToSql + Sync); N]> + Send + 'f> =
            Box::new(rows.into_iter());
        Box::pin(async move {
            let text = || Some(format!("INSERT INTO {}", self.table));
            self.statements.observed_as(Operation::INSERT, text, pin!(run::run(&self, rows))).await
        })
    }
}

impl<const N: usize> fmt::Debug for InsertInto<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InsertInto")
            .field("table", &self.table)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}
