//! Where a unit of work that only reads may run, and how stale what it reads may be.

use tokio_postgres::IsolationLevel;

use super::{TenantContext, TransactionMode, WalPosition};

/// Where a unit of work may run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) servers: Servers,
    /// What a replica must have replayed.
    pub(crate) position: Option<WalPosition>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Servers {
    /// A replica, or else the primary.
    #[default]
    Any,
    Primary,
    Replicas,
}

impl TenantContext {
    /// Keeps the unit of work on the primary, although it only reads. For what must see every commit, and for what a standby
    /// [cannot do](https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-USERS): `NOTIFY`, and locks that others are to see,
    /// advisory ones among them.
    #[must_use]
    pub fn primary_only(mut self) -> Self {
        self.reading.servers = Servers::Primary;
        self
    }

    /// Runs the unit of work on a replica or not at all, and [`read_only`](Self::read_only): for reports with which the primary is not
    /// to be burdened. Where no replica can serve it, that is an error ([`Error::is_replica_unavailable`](crate::Error::is_replica_unavailable)).
    #[must_use]
    pub fn replica_only(mut self) -> Self {
        self.reading.servers = Servers::Replicas;
        self.read_only()
    }

    /// Reads from a replica only if that has replayed the write-ahead log up to this position, so that what was written ahead
    /// of it is seen. Of two positions the later one counts.
    ///
    /// Where none has, the unit of work waits for [`replica_wait`](crate::TenantPoolBuilder::replica_wait) and then runs on the
    /// primary. It has no effect on what runs there anyway.
    ///
    /// ```no_run
    /// # async fn example(pool: tenantry::TenantPool) -> tenantry::Result<()> {
    /// use tenantry::{TenantContext, TenantId};
    ///
    /// let acme = TenantId::text("acme")?;
    /// let tx = pool.tenant(acme.clone()).begin();
    /// tx.execute("insert into invoice (total) values (100)", &[]).await?;
    /// let written = tx.commit_with_position().await?;
    ///
    /// let sees_it = TenantContext::new(acme).read_only().no_staler_than(written);
    /// let rows = pool.tenant(sees_it).query("select id, total from invoice", &[]).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn no_staler_than(mut self, position: WalPosition) -> Self {
        self.reading.position = self.reading.position.max(Some(position));
        self
    }

    pub(crate) fn reading(&self) -> Reading {
        self.reading
    }
}

impl TransactionMode {
    /// Whether it is an isolation level that no standby has.
    pub(crate) fn is_serializable(self) -> bool {
        use IsolationLevel::{ReadCommitted, ReadUncommitted, RepeatableRead};
        self.isolation_level
            .is_some_and(|level| !matches!(level, ReadUncommitted | ReadCommitted | RepeatableRead))
    }
}
