//! Which replicas a pool has.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio_postgres::Config;

use super::{Given, TenantPoolBuilder};
use crate::error::{Error, Result};
use crate::ident::SettingName;
use crate::pool::TenantPool;
use crate::pool::core::{Core, Options};
use crate::pool::credentials::Provider;
use crate::pool::guard::Purpose;
use crate::pool::replicas::{Cluster, Lag, Member, Replica, Replicas, Standby};
use crate::pool::target::{Target, first_server};
use crate::wire::Connector;

/// The replicas of a pool that is being set up.
#[derive(Clone, Debug)]
pub(super) struct Servers {
    given: Vec<Given>,
    max_size: Option<usize>,
    wait: Duration,
    lag: Option<Duration>,
}

impl Default for Servers {
    fn default() -> Self {
        Self { given: Vec::new(), max_size: None, wait: Duration::from_millis(100), lag: None }
    }
}

impl TenantPoolBuilder {
    /// Names a replica: a standby of the primary's, with the same role and database. It can be called several times, for one server
    /// each; a URL with several hosts is refused. Default: none.
    ///
    /// Work of a tenant whose context is [`read_only`](crate::TenantContext::read_only) runs on the replica with the fewest units of work under
    /// way, in every form: single statements, transactions, batches, streams, cursors and COPY. All else runs on the primary, and so does
    /// what is serializable, which [no standby is](https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-CAVEATS), and what is
    /// [`primary_only`](crate::TenantContext::primary_only).
    ///
    /// **A replica lags.** Its rows are those of some moment before, and of two reads the later may see the older rows where it is served by
    /// another server. Who has to see what was written asks for its position, see
    /// [`no_staler_than`](crate::TenantContext::no_staler_than). Roles, grants and policies are replicated with all else, so tenants are kept apart as on the
    /// primary, by what held there at that moment.
    ///
    /// A replica has connections of its own, as many as [`replica_max_size`](Self::replica_max_size) says, and all else that the builder sets
    /// holds for each server by itself: limits, [`fairness`](Self::fairness), [`sharing`](Self::sharing), [`min_idle`](Self::min_idle),
    /// [`credentials`](Self::credentials), TLS, the guard. While all connections to it are in use, reads wait for one as they do on the
    /// primary.
    ///
    /// On each new connection the pool asks whether the server is a standby, and of the cluster that the primary belongs to, by its
    /// [`system_identifier`](https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA); on one that is in use, again
    /// [every so often](Self::recheck_role_after). What is read from a standby that was promoted meanwhile is not taken: such a server says so in
    /// [`in_hot_standby`](https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-ASYNC) with its next answer. A single statement runs on
    /// the primary then, and else there is an error that [`Error::is_retryable`] knows. Behind a pooler the promotion is found at the next of
    /// those questions. A standby that follows an old timeline while another was promoted cannot be told by what a service may ask: take it
    /// off the list.
    ///
    /// A replica to which no connection can be opened is left alone for 1 s, and after each further failure for twice as long, 30 s at most. Reads
    /// go to the others or the primary meanwhile, the one that has met the failure too. WARN tells of it once, and INFO when it is back. While the primary is
    /// gone, replicas go on serving.
    ///
    /// ```no_run
    /// # async fn example() -> tenantry::Result<()> {
    /// use tenantry::{TenantContext, TenantId, TenantPool};
    ///
    /// let pool = TenantPool::builder("postgresql://erp_app@primary/erp")
    ///     .replica_url("postgresql://erp_app@replica-1/erp")
    ///     .replica_url("postgresql://erp_app@replica-2/erp")
    ///     .build()
    ///     .await?;
    /// let report = TenantContext::new(TenantId::text("acme")?).read_only();
    /// let rows = pool.tenant(report).query("select month, total from turnover", &[]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`build`](Self::build) fails where a replica refuses the login or the guard the role, and where the server is no standby of the primary's cluster. It
    /// does not fail where a replica cannot be reached.
    pub fn replica_url(self, url: &str) -> Self {
        self.replica_given(Given::from(url))
    }

    /// Names a replica by a configuration of the driver's, see [`replica_url`](Self::replica_url).
    pub fn replica_config(self, config: Config) -> Self {
        self.replica_given(Given::Config(Box::new(config)))
    }

    /// Names a replica, with settings that were gathered.
    pub(in crate::pool) fn replica_given(mut self, given: Given) -> Self {
        self.replicas.given.push(given);
        self
    }

    /// The most connections to each replica. Default: as [`max_size`](Self::max_size) says. Zero is refused.
    pub fn replica_max_size(mut self, connections: usize) -> Self {
        self.replicas.max_size = Some(connections);
        self
    }

    /// How long a read waits until a replica has replayed the position that it asks for
    /// ([`TenantContext::no_staler_than`](crate::TenantContext::no_staler_than)), before it goes to the primary. Default: 100 ms. Zero does not wait, and
    /// goes by what is known already.
    ///
    /// It holds no connection meanwhile, and the replica is asked once for all who wait: after 1 ms, 2 ms and so on, every 16 ms at most.
    pub fn replica_wait(mut self, limit: Duration) -> Self {
        self.replicas.wait = limit;
        self
    }

    /// Reads from a replica only if what it shows is no older. Default: no bound. Zero is refused.
    ///
    /// The primary is asked four times in so long how far its write-ahead log has come, and a replica serves that has replayed as much as the primary
    /// told within the limit, which needs no clocks that agree. A replica that has not is waited for and passed over as for
    /// [`no_staler_than`](crate::TenantContext::no_staler_than). **While the primary does not answer, nobody knows, and after the limit no
    /// replica serves**, so leave the bound out where reads are to outlive the primary. What is committed with `synchronous_commit` off is sent to
    /// replicas [up to three times `wal_writer_delay`](https://www.postgresql.org/docs/current/wal-async-commit.html) later.
    pub fn max_replica_lag(mut self, limit: Duration) -> Self {
        self.replicas.lag = Some(limit);
        self
    }
}

impl Servers {
    /// Reads where they are.
    pub(super) fn targets(
        &self,
        connector: &Connector,
        credentials: Option<&Provider>,
    ) -> Result<Vec<Arc<Target>>> {
        if self.max_size == Some(0) {
            return Err(Error::config(
                "a replica with 0 connections can serve nobody; set replica_max_size to 1 or more",
            ));
        }
        if self.lag == Some(Duration::ZERO) {
            return Err(Error::config(
                "no replica is as new as the primary; set max_replica_lag to more than 0",
            ));
        }
        self.given.iter().map(|given| given.clone().replica(connector, credentials.cloned())).collect()
    }

    /// What serves from them, and what the primary's connections are asked for their sake.
    pub(super) fn cores(
        &self,
        targets: Vec<Arc<Target>>,
        options: &Options,
        setting: &SettingName,
    ) -> Result<(Option<Arc<Replicas>>, Option<Member>)> {
        if targets.is_empty() {
            return Ok((None, None));
        }
        let cluster = Arc::new(Cluster::default());
        let mut replicas = Vec::with_capacity(targets.len());
        for (at, target) in targets.into_iter().enumerate() {
            let mut options = options.clone();
            options.bounds.max_size = self.max_size.unwrap_or(options.bounds.max_size);
            // There is somebody else to go to.
            options.bounds.waits_for_server = false;
            let (server, port) = first_server(target.config());
            let standby = Standby::new(format!("{server}:{port}"), Arc::clone(&cluster));
            let member = Member::Replica(Arc::clone(&standby));
            let core = Core::new(target, options, setting, Purpose::Replica(at + 1), Some(member))?;
            replicas.push(Replica::new(core, standby));
        }
        let lag = self.lag.map(Lag::new);
        let replicas = Replicas::new(replicas, Arc::clone(&cluster), self.wait, lag);
        Ok((Some(replicas), Some(Member::Primary(cluster))))
    }
}

/// Opens a connection to each replica. One that cannot be reached is left alone for a while.
pub(super) async fn open(pool: &TenantPool) -> Result<()> {
    let Some(replicas) = &pool.0.replicas else { return Ok(()) };
    for opened in join_all(replicas.cores().map(|core| core.open())).await {
        match opened {
            Err(error) if !error.is_connection_lost() || error.is_login_refused() => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
