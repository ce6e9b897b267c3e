//! A pool behind a turnstile, and what has to hold after anything that was done to it.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tenantry::testing::Server;
use tenantry::{Result, TenantPool, TenantPoolBuilder};
use tokio::time::timeout;
use tokio_postgres::Client;

use super::statements::PREPARED;
use crate::support::erp::{APP, Erp, open_accounts, tenant};
use crate::support::eventually;
use crate::support::route::{Road, Route, Way};
use crate::support::turnstile::Turnstile;

/// What proves that nobody waited for an abandoned `pg_sleep(60)`, on the slowest of machines.
pub const LIMIT: Duration = Duration::from_secs(20);

const VIEW: &str = "select count(*), count(*) filter (where tag <> $1), current_setting('app.tenant_id')
    from erp.account";

const SLEEPING: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and usename = $1 and state = 'active'
        and wait_event_type in ('Lock', 'Timeout')";

/// The tenant that does what is interrupted has accounts 1 to 3 and writes further ones from 100 on.
/// The other one has 11 to 13 and writes nothing.
pub const OWN: u8 = 1;
pub const OTHER: u8 = 2;

pub struct Stand {
    pub road: Road,
    pub turnstile: Turnstile,
    pub admin: Client,
}

impl Stand {
    pub async fn new(way: Way) -> Self {
        Self::on(way.open().await).await
    }

    /// On a server that the test can stop.
    pub async fn beside(way: Way, server: &Server) -> Self {
        Self::on(way.to(Erp::beside(server).await).await).await
    }

    async fn on(road: Road) -> Self {
        let turnstile = match road.way.route {
            Route::Tls => Turnstile::start_with_tls(road.address()).await,
            Route::Direct | Route::PgBouncer | Route::PgBouncerNamed => {
                Turnstile::start(road.address()).await
            }
            Route::Unix => panic!("no turnstile stands on a Unix socket"),
        };
        let admin = road.erp.admin().await;
        let stand = Self { road, turnstile, admin };
        let pool = stand.pool(1).await;
        open_accounts(&pool, &tenant(OWN), 1, 3).await;
        open_accounts(&pool, &tenant(OTHER), 11, 3).await;
        stand
    }

    /// A pool whose only connection has prepared nothing of the tests' yet.
    pub async fn pool(&self, size: usize) -> TenantPool {
        self.builder().max_size(size).build().await.unwrap()
    }

    /// Has each connection of the pool's prepare the statements of the operations. Those that have
    /// send nothing.
    pub async fn prepare(&self, pool: &TenantPool) {
        let open: Vec<_> = (0..pool.status().max_size).map(|_| pool.tenant(tenant(OWN)).begin()).collect();
        let prepared = open.iter().flat_map(|tx| PREPARED.iter().map(|statement| tx.prepare(statement)));
        timeout(LIMIT, try_join_all(prepared)).await.expect("prepare hangs").unwrap();
        for tx in open {
            tx.rollback().await.unwrap();
        }
    }

    pub fn builder(&self) -> TenantPoolBuilder {
        let builder = self.road.builder_through(self.turnstile.port());
        // What a pool does by itself is no point at which something is interrupted.
        builder.check_idle_after(Duration::MAX).recheck_role_after(Duration::MAX)
    }

    /// Connects the admin again, whose server was started again.
    pub async fn reconnect(&mut self) {
        self.admin = self.road.erp.admin().await;
    }

    /// Ends every connection of the pool's on the server, and waits until the server has done so.
    pub async fn terminate(&self) {
        let terminate = "select count(pg_terminate_backend(pid)) from pg_stat_activity
            where datname = current_database() and usename = $1";
        // With a limit of its own, pg_terminate_backend would look every 100 ms only.
        let deadline = Instant::now() + LIMIT;
        while self.ask(terminate).await > 0 {
            assert!(Instant::now() < deadline, "a backend does not end");
            tokio::task::yield_now().await;
        }
    }

    /// Waits until a statement of the pool's has been met that waits, for a lock or for `pg_sleep`.
    pub async fn sleeps(&self) {
        eventually("a statement waits", async || self.ask(SLEEPING).await > 0).await;
    }

    /// What all tenants have written beyond their first accounts.
    pub async fn written(&self) -> i64 {
        let sql = "select (select count(*) from erp.account where id >= 100)
            + (select sum(balance)::bigint from erp.account)
            + (select count(*) from erp.entry) + (select count(*) from erp.stage)
            from (values ($1)) as unused";
        self.ask(sql).await
    }

    pub async fn clear(&self) {
        let sql = "delete from erp.entry; delete from erp.account where id >= 100; delete from erp.stage;
            update erp.account set balance = 0 where balance <> 0";
        timeout(LIMIT, self.admin.batch_execute(sql)).await.expect("rows stayed locked").unwrap();
    }

    /// Waits until no statement runs, no transaction is open, no lock is held, and no connection is
    /// open beyond the pool's size.
    pub async fn comes_to_rest(&self, pool: &TenantPool) {
        let sql = "with app as materialized (select pid, state from pg_stat_activity
                where datname = current_database() and usename = $1)
            select (select count(*) from app where state <> 'idle')
                + (select count(*) from pg_locks join app using (pid)
                    where locktype in ('relation', 'tuple', 'transactionid', 'advisory')),
                (select count(*) from app)";
        eventually("the server has nothing of the pool's left under way", async || {
            let row = timeout(LIMIT, self.admin.query_one(sql, &[&APP])).await.unwrap().unwrap();
            let connections = match &self.road.pgbouncer {
                None => usize::try_from(row.get::<_, i64>(1)).unwrap(),
                // It keeps its own connections to the server.
                Some(pgbouncer) => pgbouncer.clients().await,
            };
            row.get::<_, i64>(0) == 0 && connections <= pool.status().max_size
        })
        .await;
    }

    /// The invariants. `lost` says that connections died without the pool's doing, so that those
    /// who meet them may hear of it, once each.
    pub async fn check(&self, pool: &TenantPool, lost: bool) {
        self.turnstile.open();
        self.serves_all(pool, lost).await;
        self.comes_to_rest(pool).await;
        let update = "update erp.account set balance = balance where id <= 3";
        let updated = timeout(LIMIT, pool.tenant(tenant(OWN)).execute(update, &[])).await;
        assert_eq!(updated.expect("rows stayed locked").unwrap(), 3);
        let status = pool.status();
        assert!(status.size <= status.max_size && status.available == status.size, "{status:?}");
        assert_eq!(status.waiting, 0);
    }

    async fn serves_all(&self, pool: &TenantPool, lost: bool) {
        let deadline = Instant::now() + LIMIT;
        while let Err(error) = self.checks_all_out(pool).await {
            assert!(lost && error.is_connection_lost(), "{error}: {error:?}");
            assert!(Instant::now() < deadline, "the pool does not recover: {error:?}");
        }
    }

    /// Checks out as many connections as the pool has at a time, each for another tenant than the last.
    async fn checks_all_out(&self, pool: &TenantPool) -> Result<()> {
        let mut open = Vec::new();
        for n in [OTHER, OWN].into_iter().cycle().take(pool.status().max_size) {
            let tx = pool.tenant(tenant(n)).begin();
            let tag = tenant(n).as_setting();
            let seen = timeout(LIMIT, tx.query_one(VIEW, &[&tag])).await.expect("nobody was served")?;
            let (all, foreign): (i64, i64) = (seen.get(0), seen.get(1));
            assert_eq!((seen.get::<_, String>(2), foreign), (tag, 0), "another tenant shows");
            assert!(if n == OTHER { all == 3 } else { all >= 3 }, "tenant {n} sees {all} accounts");
            open.push(tx);
        }
        for tx in open {
            tx.commit().await?;
        }
        Ok(())
    }

    async fn ask(&self, sql: &str) -> i64 {
        timeout(LIMIT, self.admin.query_one(sql, &[&APP])).await.expect("the admin waits").unwrap().get(0)
    }
}

/// Says what was being done when a test fails.
pub struct Doing(pub String);

impl Drop for Doing {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("while: {}", self.0);
        }
    }
}
