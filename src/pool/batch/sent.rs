//! Statements of a batch on their way: prepared, converted, sent together and answered in order.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error as PgError, RowStream, Statement};

use super::{Batch, BatchResult, Converted, Item};
use crate::error::Result;
use crate::pool::cache::OutOfDate;
use crate::pool::client::Client;
use crate::pool::lease::{Lease, Prepared};
use crate::pool::statement::is_fetch;

/// A statement that is ready to be sent.
pub(super) struct Ready {
    pub(super) statement: Statement,
    /// Whether the server has described it just now.
    pub(super) fresh: bool,
    pub(super) params: Vec<Converted>,
}

/// A request of the driver's.
pub(in crate::pool) type Request<'a> =
    Pin<Box<dyn Future<Output = Result<BatchResult, PgError>> + Send + 'a>>;

/// One statement within its unit of work: not sent yet, under way, or answered.
pub(in crate::pool) struct Flight<'a> {
    running: Pin<Box<dyn Future<Output = Result<BatchResult>> + Send + 'a>>,
    answer: Option<Result<BatchResult>>,
}

impl<'a> Flight<'a> {
    pub(in crate::pool) fn new(running: impl Future<Output = Result<BatchResult>> + Send + 'a) -> Self {
        Self { running: Box::pin(running), answer: None }
    }

    /// Sends it, with the first call, and waits for nothing. Whether it was refused, so that nothing was sent.
    pub(in crate::pool) fn send(&mut self, cx: &mut Context<'_>) -> bool {
        if let Poll::Ready(answer) = self.running.as_mut().poll(cx) {
            let refused = answer.is_err();
            self.answer = Some(answer);
            return refused;
        }
        false
    }

    /// Waits for its answer.
    pub(in crate::pool) async fn answer(&mut self) -> Result<BatchResult> {
        match self.answer.take() {
            Some(answer) => answer,
            None => self.running.as_mut().await,
        }
    }
}

impl Batch<'_> {
    /// Prepares what is to be prepared, each text once and all of them in one flight, and converts the parameters.
    ///
    /// What is a FETCH is not prepared: its columns are those of the cursor that is open when it runs.
    pub(super) async fn make_ready<'b, F>(
        &'b self,
        lease: &Lease,
        prepare: impl Fn(&'b str) -> F,
    ) -> Vec<Result<Option<Ready>>>
    where
        F: Future<Output = Result<Prepared>>,
    {
        let mut texts: Vec<&str> = self.0.iter().map(|item| item.sql).filter(|sql| !is_fetch(sql)).collect();
        texts.sort_unstable();
        texts.dedup();
        let mut prepared: Vec<_> =
            join_all(texts.iter().copied().map(&prepare)).await.into_iter().map(Some).collect();
        let mut ready = Vec::with_capacity(self.0.len());
        for item in &self.0 {
            let Ok(place) = texts.binary_search(&item.sql) else {
                ready.push(Ok(None));
                continue;
            };
            // A failure is one statement's. The next with the same text fails by itself.
            let statement = match prepared[place].take() {
                Some(statement) => statement,
                None => prepare(item.sql).await,
            };
            if let Ok(known) = &statement {
                prepared[place] = Some(Ok(known.clone()));
            }
            ready.push(item.convert(lease, statement, &prepare).await.map(Some));
        }
        ready
    }

    /// The requests of all of them.
    pub(super) fn requests<'a>(&'a self, client: &'a Client, ready: &'a [Option<Ready>]) -> Vec<Request<'a>> {
        ready.iter().enumerate().map(|(at, ready)| self.request(client, at, ready.as_ref())).collect()
    }

    /// The request of one statement.
    pub(super) fn request<'a>(
        &'a self,
        client: &'a Client,
        at: usize,
        ready: Option<&'a Ready>,
    ) -> Request<'a> {
        let sql = self.0[at].sql;
        match ready {
            Some(Ready { statement, params, .. }) => {
                let params = params.iter().map(|param| param as &dyn ToSql);
                Box::pin(async move { collect(client.query_raw(statement, params).await?).await })
            }
            None => Box::pin(async move {
                let no_params = std::iter::empty::<(&(dyn ToSql + Sync), Type)>();
                collect(client.query_typed_raw(sql, no_params).await?).await
            }),
        }
    }
}

impl Batch<'_> {
    /// The request for an answer that is kept.
    pub(super) fn kept<'a>(client: &'a Client, text: &'a str) -> Request<'a> {
        Box::pin(async move {
            let no_params = std::iter::empty::<(&(dyn ToSql + Sync), Type)>();
            collect(client.query_typed_raw(text, no_params).await?).await
        })
    }
}

pub(in crate::pool) async fn collect(rows: RowStream) -> Result<BatchResult, PgError> {
    let mut stream = pin!(rows);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        rows.push(row);
    }
    let rows_affected = stream.rows_affected().unwrap_or_default();
    Ok(BatchResult { rows, rows_affected })
}

impl<'a> Item<'a> {
    /// Converts the parameters, by another description where they do not fit one that may be out of date.
    async fn convert<F>(
        &self,
        lease: &Lease,
        prepared: Result<Prepared>,
        prepare: impl Fn(&'a str) -> F,
    ) -> Result<Ready>
    where
        F: Future<Output = Result<Prepared>>,
    {
        let Prepared { statement, fresh } = prepared?;
        match Converted::all(&self.params, statement.params()) {
            Err(error) if error.is_of_a_parameter() && !fresh => {
                lease.forget(self.sql, OutOfDate::Here);
                let Prepared { statement, fresh } = prepare(self.sql).await?;
                let params = Converted::all(&self.params, statement.params())?;
                Ok(Ready { statement, fresh, params })
            }
            params => Ok(Ready { statement, fresh, params: params? }),
        }
    }
}
