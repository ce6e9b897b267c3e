//! What tenants are sealed with.

use std::path::PathBuf;
use std::time::Duration;

use super::TenantPoolBuilder;
use crate::pool::seal::KeySource;
use crate::seal::SealKey;

impl TenantPoolBuilder {
    /// Seals the tenant of each unit of work with a key, so that no SQL can bind another one. Default: tenants are bound bare, and whoever
    /// can run SQL as the pool's role can bind any.
    ///
    /// The database has to verify seals, see [`Seal`](crate::policy::Seal), and to know the key. Each connection is told apart by its server
    /// process: a seal holds for the connection that it was made for, for the pool's role and database, and until
    /// [`seal_window`](Self::seal_window) is over, which counts when the transaction begins. Behind a pooler nobody can tell which process will
    /// serve a statement, and a seal holds for any connection of the role.
    ///
    /// ```no_run
    /// # async fn example() -> tenantry::Result<()> {
    /// use tenantry::{SealKey, TenantPool};
    ///
    /// let pool = TenantPool::builder("postgresql://erp_app@localhost/erp")
    ///     .seal(SealKey::from_file("/run/secrets/tenant_seal")?)
    ///     .build()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`build`](Self::build) refuses a database that verifies no seals or does not know the key, one whose clock is further from this machine's
    /// than a quarter of the window, and [`Strategy::ExplicitSetLocal`](crate::Strategy::ExplicitSetLocal), which writes tenants into the text of statements.
    pub fn seal(mut self, key: SealKey) -> Self {
        self.seal.source = Some(KeySource::Given(key));
        self
    }

    /// The same with the key that a file holds, as Docker and Kubernetes mount secrets, see [`SealKey::from_file`].
    ///
    /// The file is read again for each new connection and whenever the guard [looks again](Self::recheck_role_after), and a key that has changed
    /// counts for all connections from then on. While it cannot be read, the key that is known stays in use, and WARN tells of it.
    pub fn seal_file(self, path: impl Into<PathBuf>) -> Self {
        self.seal_file_of(path.into(), None)
    }

    /// The same for a file that this variable names.
    pub(in crate::pool) fn seal_file_of(mut self, path: PathBuf, variable: Option<String>) -> Self {
        self.seal.source = Some(KeySource::File(path, variable));
        self
    }

    /// How long a seal holds for transactions that are still to begin. Default: 2 minutes; less than 20 s is refused.
    ///
    /// It has to last for what a statement may wait on its way, in the queue of a pooler for one, and for the difference between two clocks.
    /// One who has seen a seal can use it for as long, where it holds for more than one connection.
    pub fn seal_window(mut self, window: Duration) -> Self {
        self.seal.window = window;
        self
    }

    /// Seals another setting of contexts too, such as the one that carries the user where users are members of tenants, see
    /// [`Membership`](crate::policy::Membership). Can be called several times. Default: the tenant alone.
    pub fn seal_setting(mut self, name: impl Into<String>) -> Self {
        self.seal.also.push(name.into());
        self
    }
}
