//! What is done with each new connection.

use super::TenantPoolBuilder;
use crate::pool::setup::{Hook, Setup, SetupFuture};

impl TenantPoolBuilder {
    /// Sets each new connection up, of both pools, before anybody gets it. Default: nothing is done.
    ///
    /// The guard looks at the connection once more afterwards: a hook cannot preset a tenant or take on a role that policies do not bind.
    /// What has to be different for each tenant belongs to its [`TenantContext`](crate::TenantContext). A transaction that the hook leaves open is
    /// rolled back. Behind a pooler it is refused, since sessions are shared there: set it for the role
    /// ([`ALTER ROLE … SET`](https://www.postgresql.org/docs/current/sql-alterrole.html)).
    ///
    /// ```no_run
    /// # async fn example() -> tenantry::Result<()> {
    /// use tenantry::TenantPool;
    ///
    /// let pool = TenantPool::builder("postgresql://erp_app@localhost/erp")
    ///     .on_connect(|setup| Box::pin(async { setup.execute("set timezone = 'Asia/Dhaka'").await }))
    ///     .build()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_connect(
        mut self,
        hook: impl for<'a> Fn(&'a Setup<'a>) -> SetupFuture<'a> + Send + Sync + 'static,
    ) -> Self {
        self.options.hook = Some(Hook::new(hook));
        self
    }
}
