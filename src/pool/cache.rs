//! The statements that a connection has prepared, by their text.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_postgres::Statement;
use tokio_postgres::types::Type;

/// Prepared statements, kept as long as their connection.
#[derive(Default)]
pub(super) struct StatementCache(Mutex<HashMap<Box<str>, Statement>>);

impl StatementCache {
    pub(super) fn get(&self, sql: &str) -> Option<Statement> {
        self.lock().get(sql).cloned()
    }

    pub(super) fn insert(&self, sql: &str, statement: &Statement) {
        self.lock().insert(sql.into(), statement.clone());
    }

    /// Takes a statement out, so that it is prepared again.
    pub(super) fn remove(&self, sql: &str, _types: &[Type]) -> Option<Statement> {
        self.lock().remove(sql)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Statement>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
