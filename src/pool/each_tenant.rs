//! The same work for many tenants, some at a time.

use std::fmt;
use std::future::Future;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::TenantPool;
use super::scope::TenantScope;
use crate::tenant::{TenantContext, TenantId};

/// What became of the work for each tenant, from [`TenantPool::for_each_tenant`].
#[must_use = "tenants may have failed"]
pub struct EachTenant<T, E> {
    /// For whom it was done, in the order in which it ended.
    pub done: Vec<(TenantId, T)>,
    /// For whom it failed, in the order in which it ended.
    pub failed: Vec<(TenantId, E)>,
    /// For whom it was not begun, because the pool was closed before their turn.
    pub left: Vec<TenantId>,
}

impl TenantPool {
    /// Does the same work for each tenant, for at most `at_once` of them at a time, such as what a service does at night.
    ///
    /// The work begins in the order of the contexts, and as soon as another has ended. One that fails is kept with its error and ends no
    /// other. Once the pool is [closed](Self::close) none is begun any more, and those are told of that were left.
    ///
    /// Each that runs may want a connection, so `at_once` should be less than the pool's `max_size`, by as many as requests are to have
    /// meanwhile; 0 counts as 1. All of it runs in the caller's task. Where that is dropped, or the work panics, what is under way is
    /// dropped with it, rolled back, and its connections are cleaned up as ever. So a job that is to be taken up again after a
    /// crash keeps what it has done in the tenant's own transaction, and asks for it first.
    ///
    /// ```no_run
    /// # async fn example(pool: tenantry::TenantPool) -> tenantry::Result<()> {
    /// use tenantry::{Error, TenantId};
    ///
    /// let rows = pool.system("closing the day")?.query("select id from company order by id", &[]).await?;
    /// let companies: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    /// let outcome = pool
    ///     .for_each_tenant(companies, 4, |scope| async move {
    ///         let closed = "insert into closed_day (day) values (current_date) on conflict do nothing";
    ///         Ok::<_, Error>(scope.execute(closed, &[]).await? == 1)
    ///     })
    ///     .await;
    /// for (_, error) in &outcome.failed {
    ///     eprintln!("a company was not closed: {error}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn for_each_tenant<C, T, E, F, Fut>(
        &self,
        contexts: C,
        at_once: usize,
        mut work: F,
    ) -> EachTenant<T, E>
    where
        C: IntoIterator,
        C::Item: Into<TenantContext>,
        F: FnMut(TenantScope) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let mut waiting = contexts.into_iter().map(Into::into);
        let mut running = FuturesUnordered::new();
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        loop {
            while running.len() < at_once.max(1) && !self.is_closed() {
                let Some(context) = waiting.next() else { break };
                let tenant = TenantContext::tenant(&context).clone();
                let working = work(self.tenant(context));
                running.push(async move { (tenant, working.await) });
            }
            match running.next().await {
                Some((tenant, Ok(value))) => done.push((tenant, value)),
                Some((tenant, Err(error))) => failed.push((tenant, error)),
                None => break,
            }
        }
        let left = waiting.map(|context| TenantContext::tenant(&context).clone()).collect();
        EachTenant { done, failed, left }
    }
}

/// Without the tenants, of which it says how many there are.
impl<T, E> fmt::Debug for EachTenant<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EachTenant")
            .field("done", &self.done.len())
            .field("failed", &self.failed.len())
            .field("left", &self.left.len())
            .finish()
    }
}
