//! How widely what shares is spread.

use super::TenantPoolBuilder;

impl TenantPoolBuilder {
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
