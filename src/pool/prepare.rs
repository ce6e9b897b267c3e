//! Statements that are prepared ahead of their use.

use std::pin::pin;

use super::ready::prepare_outside;
use super::statement::{Statement, Trace, judge_prepared};
use super::statements::{Statements, Unit};
use crate::error::Result;

impl Statements {
    /// Prepares a statement, or takes it from the connection's statement cache: to learn its parameters and columns, or to
    /// run it again. Nothing has to be prepared to be run; texts are, once on each connection.
    ///
    /// ```
    /// use tenantry::{Result, Statements};
    ///
    /// async fn columns(db: &Statements) -> Result<Vec<String>> {
    ///     let statement = db.prepare("select * from invoice").await?;
    ///     Ok(statement.columns().iter().map(|column| column.name().to_owned()).collect())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Statements`].
    pub async fn prepare(&self, sql: &str) -> Result<Statement> {
        match &self.0 {
            Unit::Single(_) => {
                let trace = judge_prepared(sql, self.place())?;
                let ready = self.connection().await?;
                if trace == Trace::Session {
                    ready.lease.retire();
                }
                let preparing = prepare_outside(&ready.lease, || ready.lease.prepare(sql));
                let prepared = self.within(&ready, pin!(preparing)).await?;
                Ok(Statement::new(sql, prepared.statement, ready.client().link()))
            }
            Unit::Block(work) => {
                let preparing = async {
                    let trace = judge_prepared(sql, work.place())?;
                    let connection = work.connection().await?;
                    if trace == Trace::Session {
                        connection.lease.retire();
                    }
                    let prepared = work.prepare(connection, sql).await?;
                    Ok(Statement::new(sql, prepared.statement, connection.client().link()))
                };
                work.call(pin!(preparing)).await
            }
        }
    }
}
