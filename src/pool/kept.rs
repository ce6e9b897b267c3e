//! Rows that the stream has kept, since the driver could not read them yet; see [`kept`](crate::wire::kept).

use std::future::Future;
use std::pin::{Pin, pin};

use tokio_postgres::error::DbError;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error as PgError, Row};

use super::answers::Answers;
use super::drain::Debt;
use super::ending::Ending;
use super::ready::Ready;
use super::rows::RowStream;
use super::statements::{Statements, Unit};
use super::work::Open;
use crate::error::{Error, Result, Step};
use crate::wire::kept;

/// The number of the answer that an error stands for, if it does.
pub(super) fn kept_number(error: &Error) -> Option<u64> {
    number(error.as_db_error()?)
}

/// The same of an error of the driver's.
pub(super) fn kept_number_of(error: &PgError) -> Option<u64> {
    number(error.as_db_error()?)
}

fn number(said: &DbError) -> Option<u64> {
    if said.code().code() == kept::STATE { said.message().parse().ok() } else { None }
}

pub(super) fn kept_by<T>(answer: &Result<T>) -> Option<u64> {
    answer.as_ref().err().and_then(kept_number)
}

impl Statements {
    pub(super) async fn kept_rows(&self, ready: &Ready<'_>, text: &str) -> Result<Vec<Row>> {
        self.run_kept(ready, Box::pin(ready.client().query_typed(text, &[]))).await
    }

    pub(super) async fn kept_count(&self, ready: &Ready<'_>, text: &str) -> Result<u64> {
        self.run_kept(ready, Box::pin(ready.client().execute_typed(text, &[]))).await
    }

    async fn run_kept<T>(
        &self,
        ready: &Ready<'_>,
        mut request: Pin<Box<impl Future<Output = Result<T, PgError>>>>,
    ) -> Result<T> {
        match &self.0 {
            Unit::Single(_) => {
                ready.lease.seal();
                ready.lease.owe(Debt::Answer);
                let read = async {
                    let answer = request.await;
                    ready.lease.settle();
                    answer.map_err(|error| ready.lease.error(Step::Statement, error))
                };
                self.afterwards(ready, pin!(read)).await
            }
            Unit::Block(work) => {
                self.afterwards(ready, pin!(work.run(ready, Step::Statement, request.as_mut()))).await
            }
        }
    }

    pub(super) async fn kept_stream(&self, ready: &Ready<'_>, text: &str) -> Result<RowStream<'_>> {
        let no_params = std::iter::empty::<(&(dyn ToSql + Sync), Type)>();
        let mut request = Box::pin(ready.client().query_typed_raw(text, no_params));
        match &self.0 {
            Unit::Single(_) => {
                ready.lease.seal();
                ready.lease.owe(Debt::Answer);
                let rows = async { request.await.map_err(|error| ready.lease.error(Step::Statement, error)) };
                let rows = self.afterwards(ready, pin!(rows)).await?;
                let closing = Answers::default();
                Ok(RowStream::new(rows, Ending::single(ready, closing, ready.deadline, Step::Statement)))
            }
            Unit::Block(work) => {
                let opening = work.open(ready, Step::Statement, Open::Rows, request.as_mut());
                let (rows, hold) = self.afterwards(ready, pin!(opening)).await?;
                Ok(RowStream::new(rows, Ending::block(ready, hold, ready.deadline, Step::Statement)))
            }
        }
    }
}
