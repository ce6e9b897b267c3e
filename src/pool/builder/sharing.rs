//! How callers share connections, and tenants the pool.

use super::TenantPoolBuilder;
use crate::pool::fairness::Fairness;
use crate::pool::sharing::Sharing;

impl TenantPoolBuilder {
    /// Which statements may share a connection where their callers would have to wait for one. Default:
    /// [`Sharing::Reads`], those of contexts that are [`read_only`](crate::TenantContext::read_only). A
    /// [`Scope`](crate::Scope::sharing) can say otherwise of its own.
    pub fn sharing(mut self, sharing: Sharing) -> Self {
        self.options.sharing.sharing = sharing;
        self
    }

    /// How many statements may be under way on a connection that is shared. Default: 64. From 1, which shares nothing, to 1024.
    ///
    /// One that follows others takes no more memory than one that waits in the queue, about 7 KiB for a task with a short statement,
    /// its future included. The connection keeps less than 1 KiB for each of the most that were under way at once.
    pub fn sharing_depth(mut self, statements: usize) -> Self {
        self.options.sharing.depth = statements;
        self
    }

    /// How tenants share the pool with each other. Default: whoever comes first is served first, without bounds.
    pub fn fairness(mut self, fairness: Fairness) -> Self {
        self.options.fairness = Some(fairness);
        self
    }

    /// On how many connections statements are spread that may share ([`Sharing`](crate::Sharing)): where others are under way on so
    /// many, the next one follows them, even if another connection is idle. Default: on all of the pool's. Zero is refused.
    ///
    /// It is for short reads where the processors of the database, or those of the service, are busy: one backend that finds the next
    /// request there as it ends one serves more than several that sleep and are woken for each. About two for each processor of
    /// the database serve most. Where processors are idle, it makes statements wait for each other that could have run at a time.
    /// All else, transactions and streams among them, has the whole pool.
    ///
    /// ```no_run
    /// # async fn example() -> tenantry::Result<()> {
    /// use tenantry::TenantPool;
    ///
    /// let pool =
    ///     TenantPool::builder("postgresql://erp_app@localhost/erp").max_size(16).sharing_width(4).build().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn sharing_width(mut self, connections: usize) -> Self {
        self.options.sharing.width = connections;
        self
    }
}
