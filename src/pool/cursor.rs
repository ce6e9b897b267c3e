//! Cursors: a query's rows in portions.

use std::fmt;
use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::statement::judge;
use super::statements::Statements;
use super::work::Work;
use crate::error::{Error, Result};

/// A cursor, from [`TransactionBlock::cursor`](crate::TransactionBlock::cursor). It ends with its
/// transaction, or with a rollback to a savepoint that is older than it.
///
/// Between two calls the transaction can run other statements, which a [`RowStream`](crate::RowStream)
/// does not let it do before it has been read to its end or dropped.
pub struct Cursor<'a> {
    statements: &'a Statements,
    name: String,
}

impl<'a> Cursor<'a> {
    pub(super) async fn open(
        work: &Arc<Work>,
        statements: &'a Statements,
        query: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Self> {
        judge(query, work.place())?;
        let name = work.next_name();
        let sql = format!("DECLARE {name} NO SCROLL CURSOR WITHOUT HOLD FOR {query}");
        statements.declare(&sql, params).await?;
        Ok(Self { statements, name })
    }

    /// Fetches up to `count` further rows. Fewer than that, or none, means that there are no more.
    ///
    /// # Errors
    ///
    /// The query fails on the way, the transaction has failed, or the connection is lost.
    pub async fn fetch(&self, count: u32) -> Result<Vec<Row>> {
        if count == 0 {
            return Err(Error::config("a cursor cannot fetch 0 rows; fetch 1 or more"));
        }
        self.statements.query_typed(&format!("FETCH FORWARD {count} FROM {}", self.name), &[]).await
    }

    /// Frees what the server keeps for the cursor, ahead of the end of the transaction.
    ///
    /// # Errors
    ///
    /// The transaction has failed, or the connection is lost.
    pub async fn close(self) -> Result<()> {
        self.statements.execute_typed(&format!("CLOSE {}", self.name), &[]).await.map(drop)
    }
}

impl fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor").field("name", &self.name).finish_non_exhaustive()
    }
}
