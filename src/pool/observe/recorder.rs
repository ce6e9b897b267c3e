//! What has run through a pool, for the tests of a service.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::Call;
use super::summary::Operation;
use crate::pool::binding::Bound;
use crate::tenant::TenantId;

/// Notes which statements run through a pool, and as whom, so that a test of a service can tell. Clones note to the same place.
///
/// ```no_run
/// # async fn example(url: &str) -> tenantry::Result<()> {
/// use tenantry::TenantPool;
/// use tenantry::testing::Recorder;
///
/// let recorder = Recorder::new();
/// let pool = TenantPool::builder(url).recorder(&recorder).build().await?;
/// // What is tested runs here.
/// for ran in recorder.take() {
///     assert!(ran.tenant.is_some(), "{ran:?} crosses tenants");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    ran: Vec<Ran>,
    transactions: u64,
}

/// A statement that has run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ran {
    /// As which tenant. `None`: as none, or the pool did not take the context.
    pub tenant: Option<TenantId>,
    /// Why it crossed tenants, if it did.
    pub reason: Option<String>,
    /// Its text, or `COMMIT` and `ROLLBACK` for the end of a transaction. `None`: it was prepared, and has neither parameters nor columns.
    pub sql: Option<String>,
    /// The number of its transaction, from 1 on. `None`: it was a transaction of its own.
    pub transaction: Option<u64>,
    /// `ok`, `abandoned`, the SQLSTATE, or what else went wrong in a word.
    pub outcome: String,
}

/// What is noted of a statement or transaction that has begun.
pub(super) struct Noted {
    recorder: Recorder,
    bound: Bound,
    sql: Option<String>,
    transaction: Option<u64>,
}

impl Recorder {
    /// Nothing has run yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What has run since this was called last, in the order in which it ended.
    #[must_use]
    pub fn take(&self) -> Vec<Ran> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.ran)
    }

    /// A statement begins.
    pub(super) fn statement(
        &self,
        bound: &Bound,
        operation: Operation,
        text: Option<&str>,
        within: Option<&Call>,
    ) -> Noted {
        let ending = matches!(operation, Operation::COMMIT | Operation::ROLLBACK).then(|| operation.name());
        Noted {
            recorder: self.clone(),
            bound: bound.clone(),
            sql: text.or(ending).map(str::to_owned),
            transaction: within.and_then(Call::number),
        }
    }

    /// A transaction begins.
    pub(super) fn transaction(&self, bound: &Bound) -> Noted {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.transactions += 1;
        let transaction = Some(state.transactions);
        drop(state);
        Noted { recorder: self.clone(), bound: bound.clone(), sql: None, transaction }
    }
}

impl Noted {
    pub(super) fn transaction(&self) -> Option<u64> {
        self.transaction
    }

    /// A statement has ended.
    pub(super) fn ended(&self, outcome: &str) {
        let binding = self.bound.as_deref().ok();
        let ran = Ran {
            tenant: binding.and_then(|binding| binding.bound_tenant().ok()),
            reason: binding.and_then(|binding| binding.reason().map(str::to_owned)),
            sql: self.sql.clone(),
            transaction: self.transaction,
            outcome: outcome.to_owned(),
        };
        self.recorder.0.lock().unwrap_or_else(PoisonError::into_inner).ran.push(ran);
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}
