//! Statements that a caller has prepared.

use std::fmt;
use std::sync::{Arc, Weak};

use tokio_postgres::types::Type;
use tokio_postgres::{Column, Statement as PgStatement};

use crate::wire::Link;

/// A statement with its parameters and columns, from [`Statements::prepare`](crate::Statements::prepare).
///
/// It can be run wherever a text can, in another transaction and as another tenant too: on a connection other than the one
/// that has prepared it, it runs by its text, which that connection prepares once. Cheap to clone.
#[derive(Clone)]
pub struct Statement {
    sql: Arc<str>,
    prepared: PgStatement,
    /// The connection that has prepared it, as long as it is open.
    on: Weak<Link>,
}

impl Statement {
    pub(in crate::pool) fn new(sql: &str, prepared: PgStatement, on: &Arc<Link>) -> Self {
        Self { sql: sql.into(), prepared, on: Arc::downgrade(on) }
    }

    /// Its text.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The types of its parameters, as they were when it was prepared.
    #[must_use]
    pub fn params(&self) -> &[Type] {
        self.prepared.params()
    }

    /// Its columns, as they were when it was prepared.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        self.prepared.columns()
    }

    /// What a connection knows it by, if it is the one that has prepared it.
    pub(in crate::pool) fn on(&self, connection: &Arc<Link>) -> Option<&PgStatement> {
        // What a Weak points to is not given to anybody else while it is there.
        std::ptr::eq(self.on.as_ptr(), Arc::as_ptr(connection)).then_some(&self.prepared)
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statement")
            .field("params", &self.params())
            .field("columns", &self.columns())
            .finish_non_exhaustive()
    }
}
