//! Several statements in one flight.

mod alone;
mod joined;
mod params;
mod sent;
mod together;

use std::fmt;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::statement::ToStatement;

pub(super) use self::params::Converted;
pub(super) use self::sent::{Flight, Request, collect};

/// Statements with their parameters, to be sent together: as one transaction by
/// [`Statements::batch`](crate::Statements::batch), or each as a transaction of its own by
/// [`Scope::batch_each`](crate::Scope::batch_each).
///
/// ```
/// use tenantry::{Batch, Result, TenantScope};
///
/// async fn pay(scope: &TenantScope, invoice: i64, amount: i64) -> Result<i64> {
///     let mut batch = Batch::new();
///     batch
///         .add("insert into payment (invoice_id, amount) values ($1, $2)", &[&invoice, &amount])
///         .add("update invoice set paid = paid + $2 where id = $1 returning paid", &[&invoice, &amount]);
///     let results = scope.batch(&batch).await?;
///     Ok(results[1].rows[0].try_get(0)?)
/// }
/// ```
#[derive(Clone, Default)]
pub struct Batch<'a>(Vec<Item<'a>>);

#[derive(Clone)]
struct Item<'a> {
    sql: &'a str,
    params: Vec<&'a (dyn ToSql + Sync)>,
}

impl<'a> Batch<'a> {
    /// One without statements. To run it sends nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a statement, behind those that were added before.
    pub fn add<S>(&mut self, statement: &'a S, params: &[&'a (dyn ToSql + Sync)]) -> &mut Self
    where
        S: ?Sized + ToStatement,
    {
        self.0.push(Item { sql: statement.sql(), params: params.to_vec() });
        self
    }

    /// How many statements it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|item| item.sql)).finish()
    }
}

/// What one statement of a [`Batch`] has returned.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchResult {
    /// Its rows.
    pub rows: Vec<Row>,
    /// How many rows it has selected or changed.
    pub rows_affected: u64,
}
