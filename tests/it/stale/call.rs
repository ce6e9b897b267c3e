//! One call of a cell's statement, at its place.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use tenantry::types::{ToSql, Type};
use tenantry::{Error, Row, Statement, TenantPool, TenantScope, TransactionBlock};
use tokio::time::timeout;

use super::cell::{Answer, Cell, How, Kind, Place};
use super::change::Strict;
use super::flexible::{Flexible, read};
use crate::support::erp::tenant;

/// How long a call may take. It is far beyond what any takes, and ends those that would never end.
const LIMIT: Duration = Duration::from_secs(15);

/// How a call has failed.
#[derive(Debug)]
pub enum Failure {
    Error(Error),
    /// A row that its own description does not fit.
    Unreadable(String),
    Hangs,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// A statement, its parameters and what goes with it.
pub struct Call<'a> {
    pub cell: Cell,
    pub sql: &'a str,
    pub params: Vec<Param>,
    /// What the caller has prepared, where it prepares.
    pub statement: Option<&'a Statement>,
    /// The statement that runs ahead of it, where one does.
    pub earlier: &'a str,
}

pub type Param = Box<dyn ToSql + Sync + Send>;

impl Call<'_> {
    /// Runs it at its place and commits.
    pub async fn run(&self, pool: &TenantPool) -> Result<Answer, Failure> {
        within(self.run_at_place(&pool.tenant(tenant(1)))).await
    }

    async fn run_at_place(&self, scope: &TenantScope) -> Result<Answer, Failure> {
        match self.cell.place {
            Place::Single => self.alone(scope).await,
            Place::First | Place::Later => {
                let tx = scope.begin();
                if self.cell.place == Place::Later {
                    tx.execute(self.earlier, &[]).await?;
                }
                match self.in_block(&tx).await {
                    Ok(answer) => tx.commit().await.map(|()| answer).map_err(Failure::Error),
                    Err(failure) => {
                        // The failure is what counts, and a connection that is lost has no rollback.
                        let _ = tx.rollback().await;
                        Err(failure)
                    }
                }
            }
            Place::Transact => {
                let work = |tx: TransactionBlock| async move {
                    tx.execute(self.earlier, &[]).await?;
                    self.in_block(&tx).await
                };
                scope.transact(work).await
            }
        }
    }

    /// Runs it twice in a transaction of the caller's, before the change.
    pub async fn warm(&self, tx: &TransactionBlock) -> Result<(), Failure> {
        for _ in 0..2 {
            within(self.in_block(tx)).await?;
        }
        Ok(())
    }

    async fn in_block(&self, tx: &TransactionBlock) -> Result<Answer, Failure> {
        match self.cell.how {
            How::Cursor => {
                let cursor = tx.cursor(self.sql, &self.params()).await?;
                let rows = cursor.fetch(10).await?;
                cursor.close().await?;
                rows_read(rows)
            }
            How::CopyOut => {
                let data: Vec<Bytes> = tx.copy_out(self.sql).await?.try_collect().await?;
                Ok(Answer::Copied(String::from_utf8(data.concat()).expect("the server writes UTF-8")))
            }
            How::CopyIn => {
                let mut copy = tx.copy_in(self.sql).await?;
                copy.send(Bytes::from(format!("2\t{}\n", self.cell.change.written))).await?;
                Ok(Answer::Count(copy.finish().await?))
            }
            _ => self.alone(tx).await,
        }
    }

    async fn alone(&self, db: &tenantry::Statements) -> Result<Answer, Failure> {
        let (sql, params) = (self.sql, self.params());
        match (self.cell.how, self.statement) {
            (How::Typed, _) => {
                let params: [(&(dyn ToSql + Sync), Type); 0] = [];
                rows_read(db.query_typed(sql, &params).await?)
            }
            (How::Stream, _) => {
                let rows = db.query_raw(sql, &params).await?;
                rows_read(rows.try_collect().await?)
            }
            (_, Some(statement)) if self.counts() => Ok(Answer::Count(db.execute(statement, &params).await?)),
            (_, Some(statement)) => rows_read(db.query(statement, &params).await?),
            _ if self.counts() => Ok(Answer::Count(db.execute(sql, &params).await?)),
            _ => rows_read(db.query(sql, &params).await?),
        }
    }

    fn counts(&self) -> bool {
        matches!(self.cell.kind, Kind::Write | Kind::WriteStrict)
    }

    fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.params.iter().map(|param| &**param as &(dyn ToSql + Sync)).collect()
    }
}

/// The parameters of a cell's calls, before the change or behind it.
pub fn params(cell: Cell, changed: bool) -> Vec<Param> {
    let change = cell.change;
    match (cell.how, cell.kind) {
        (How::CopyIn | How::CopyOut | How::Typed, _) | (_, Kind::Select) => Vec::new(),
        (_, Kind::Where) => vec![Box::new(Flexible(if changed { change.sought } else { change.held }))],
        (_, Kind::Write | Kind::Returning) => vec![Box::new(Flexible(change.written))],
        (_, Kind::WriteStrict) => vec![match change.strict {
            Some(Strict::I32(value)) => Box::new(value),
            Some(Strict::I64(value)) => Box::new(value),
            None => Box::new(Flexible(change.written)),
        }],
    }
}

fn rows_read(rows: Vec<Row>) -> Result<Answer, Failure> {
    let read: Result<Vec<_>, String> = rows.iter().map(read).collect();
    read.map(Answer::Rows).map_err(Failure::Unreadable)
}

pub async fn within<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    timeout(LIMIT, work).await.unwrap_or(Err(Failure::Hangs))
}
