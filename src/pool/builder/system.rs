//! The door across tenants.

use tokio_postgres::Config;

use super::{Given, TenantPoolBuilder};

impl TenantPoolBuilder {
    /// Opens the system door as well: the URL with the system role, for [`TenantPool::system`](crate::TenantPool::system).
    /// Default: no door.
    pub fn system_url(mut self, url: &str) -> Self {
        self.system = Some(Given::from(url));
        self
    }

    /// Opens the system door as well, from a configuration of the driver's.
    pub fn system_config(mut self, config: Config) -> Self {
        self.system = Some(Given::Config(Box::new(config)));
        self
    }

    /// The most connections that are open at a time across tenants. Default: 2. Zero is refused.
    pub fn system_max_size(mut self, connections: usize) -> Self {
        self.system_max_size = connections;
        self
    }

    /// Records each transaction across tenants in this table, such as `tenantry.system_access`, which `tenantry plan` writes where the
    /// manifest says `record = true` in `[system]`. Default: in the log alone.
    ///
    /// The row is a part of the transaction: there is one if and only if the transaction was committed. The server fills it in with who
    /// (the role that logged in, its `application_name` and address), why, and from when to when; the pool with how many rows were
    /// returned or changed. The system role can add rows and neither read nor change them. What is rolled back, a stream
    /// that is dropped among it, leaves no row; the log tells of its end, and of its rows, all the same.
    ///
    /// A single statement is a transaction of two flights then, and [`batch_each`](crate::Scope::batch_each) runs one
    /// statement after the other.
    ///
    /// # Errors
    ///
    /// [`build`](Self::build) refuses a table that is not there, that the system role cannot insert into, or in which it can change what
    /// is recorded. After [`build_lazy`](Self::build_lazy), each commit across tenants fails instead, and nothing is kept of it.
    pub fn record_system_access(mut self, table: &str) -> Self {
        self.record = Some(table.to_owned());
        self
    }
}
