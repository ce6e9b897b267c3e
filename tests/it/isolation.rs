//! Tenants under load on a pool that is much smaller than their number: nobody may see or touch a
//! row of somebody else's, whatever is dropped, thrown or timed out around them.

mod faults;
mod ways;

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use faults::Faults;
use futures_util::FutureExt;
use tenantry::{Error, Row, Sharing, Statements, Strategy, TenantContext, TenantId, TenantPool, TenantScope};

use crate::support::erp::{open_accounts, tenant};
use crate::support::eventually;
use crate::support::random::Random;
use crate::support::route::{Road, Way};

const TASKS: usize = 64;
const TENANTS: u8 = 24;
const CONNECTIONS: usize = 8;
const ACCOUNTS: i64 = 20;

/// From here on are the accounts that operations open.
const FIRST_NEW_ID: i64 = 1_000_000;

/// How many operations the suite runs; `TENANTRY_ISOLATION_OPERATIONS` asks for a longer run.
fn operations() -> usize {
    match std::env::var("TENANTRY_ISOLATION_OPERATIONS") {
        Ok(number) => number.parse().expect("TENANTRY_ISOLATION_OPERATIONS is a number"),
        Err(_) => 200_000,
    }
}

const SEEN: &str = "tenant_id::text, tag, id";

/// What the tasks share.
struct Load {
    pool: TenantPool,
    next_id: AtomicI64,
    next_operation: AtomicUsize,
    operations: usize,
    /// Whether the server takes connections and statements away meanwhile.
    faults: bool,
    /// Rows seen or written that were not the caller's.
    violations: Mutex<Vec<String>>,
    /// Errors that nothing in the operation explains.
    surprises: Mutex<Vec<String>>,
    /// How often somebody was seen to share a connection.
    shared: AtomicUsize,
    /// How many rows were looked at, so that a checker that looks at nothing is noticed.
    looked_at: AtomicUsize,
}

impl Load {
    fn new(pool: TenantPool, operations: usize, faults: bool) -> Arc<Self> {
        Arc::new(Self {
            pool,
            next_id: AtomicI64::new(FIRST_NEW_ID),
            next_operation: AtomicUsize::new(0),
            operations,
            faults,
            violations: Mutex::default(),
            surprises: Mutex::default(),
            shared: AtomicUsize::new(0),
            looked_at: AtomicUsize::new(0),
        })
    }

    /// Runs all operations, spread over the tasks.
    async fn run(self: &Arc<Self>, seed: u64) {
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let load = Arc::clone(self);
                tokio::spawn(async move {
                    let mut random = Random::new(seed + task as u64);
                    loop {
                        let number = load.next_operation.fetch_add(1, Ordering::Relaxed);
                        if number >= load.operations {
                            break;
                        }
                        load.tell(number);
                        load.operate(&mut random).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    }

    /// Says how far a long run is, to whom `--nocapture` lets read it.
    fn tell(&self, number: usize) {
        if number > 0 && number.is_multiple_of(250_000) {
            let (crossed, unexplained) =
                (self.violations.lock().unwrap().len(), self.surprises.lock().unwrap().len());
            eprintln!("{number} operations: {crossed} crossed, {unexplained} errors unexplained");
        }
    }

    fn explains(&self, error: &Error) -> bool {
        self.faults && Faults::explain(error)
    }

    /// One operation as one tenant, perhaps cut short.
    async fn operate(&self, random: &mut Random) {
        let caller = Caller { load: self, tenant: tenant(random.below(u64::from(TENANTS)) as u8 + 1) };
        let mut inner = random.split();
        let (operation, cut) = (random.below(8), random.below(8));
        let work = async {
            match operation {
                0 => caller.read(&caller.scope(), &mut inner).await,
                1 => caller.read(&caller.reader(), &mut inner).await,
                2 => caller.write(&caller.scope(), &mut inner).await,
                3 => caller.trespass(&mut inner).await,
                4 | 5 => caller.transact(&mut inner).await,
                6 => caller.stream(&mut inner).await,
                _ => caller.fail(&mut inner).await,
            }
        };
        self.shared.fetch_add(self.pool.status().sharing, Ordering::Relaxed);
        let done = match cut {
            0 => poll_at_most(work, random.below(6)).await,
            1 => tokio::time::timeout(Duration::from_micros(random.below(2_000)), work).await.ok(),
            2 => {
                let at = random.below(6);
                AssertUnwindSafe(panic_at(work, at)).catch_unwind().await.ok()
            }
            _ => Some(work.await),
        };
        if let Some(Err(error)) = done
            // Two transactions of one tenant may lock its rows in opposite order.
            && !error.is_retryable()
            && !self.explains(&error)
        {
            self.surprises.lock().unwrap().push(format!("operation {operation}, cut {cut}: {error:?}"));
        }
    }
}

struct Caller<'a> {
    load: &'a Load,
    tenant: TenantId,
}

impl Caller<'_> {
    fn scope(&self) -> TenantScope {
        self.load.pool.tenant(self.tenant.clone())
    }

    fn reader(&self) -> TenantScope {
        self.load.pool.tenant(TenantContext::new(self.tenant.clone()).read_only())
    }

    /// The checker: compares each row, its tag too, with whom the caller is.
    fn check(&self, what: &str, rows: &[Row]) {
        self.load.looked_at.fetch_add(rows.len(), Ordering::Relaxed);
        let me = self.tenant.as_setting();
        for row in rows {
            let (tenant, tag): (&str, &str) = (row.get(0), row.get(1));
            if tenant != me || tag != me {
                let id: i64 = row.get(2);
                self.load
                    .violations
                    .lock()
                    .unwrap()
                    .push(format!("{what}: {me} met {id} of {tenant}, {tag}"));
            }
        }
    }

    async fn read(&self, db: &Statements, random: &mut Random) -> Result<(), Error> {
        let id = random.below(u64::from(TENANTS) * ACCOUNTS as u64) as i64;
        let sql = format!("select {SEEN} from erp.account where id between $1::bigint and $1 + 30");
        self.check("read", &db.query(&sql, &[&id]).await?);
        Ok(())
    }

    async fn write(&self, db: &Statements, random: &mut Random) -> Result<(), Error> {
        let id = random.below(u64::from(TENANTS) * ACCOUNTS as u64) as i64;
        let changed = match random.below(3) {
            0 => {
                let id = self.load.next_id.fetch_add(1, Ordering::Relaxed);
                let sql = format!("insert into erp.account (id, tag) values ($1, $2) returning {SEEN}");
                db.query(&sql, &[&id, &self.tenant.as_setting()]).await?
            }
            1 => {
                // What is not the newest, so that a long run meets as many rows at its end as at its beginning.
                let newest = self.load.next_id.load(Ordering::Relaxed) - random.below(2_000) as i64;
                let sql = format!("delete from erp.account where id >= $1 and id < $2 returning {SEEN}");
                db.query(&sql, &[&FIRST_NEW_ID, &newest]).await?
            }
            _ => {
                let sql =
                    format!("update erp.account set balance = balance + 1 where id = $1 returning {SEEN}");
                db.query(&sql, &[&id]).await?
            }
        };
        self.check("write", &changed);
        Ok(())
    }

    /// Tries to write as somebody else.
    async fn trespass(&self, random: &mut Random) -> Result<(), Error> {
        let other = tenant(TENANTS + 1 + random.below(3) as u8).as_setting();
        let id = self.load.next_id.fetch_add(1, Ordering::Relaxed);
        let sql = "insert into erp.account (tenant_id, id, tag) values ($1::text::uuid, $2, $1)";
        let planted = match self.scope().execute(sql, &[&other, &id]).await {
            Ok(_) => true,
            Err(error) if error.is_denied() => false,
            Err(error) => return Err(error),
        };
        if planted {
            let me = self.tenant.as_setting();
            self.load.violations.lock().unwrap().push(format!("trespass: {me} planted {id} at {other}"));
        }
        Ok(())
    }

    async fn transact(&self, random: &mut Random) -> Result<(), Error> {
        let mut tx = self.scope().begin();
        for _ in 0..=random.below(3) {
            match random.below(4) {
                0 => self.read(&tx, random).await?,
                1 => self.write(&tx, random).await?,
                2 => {
                    let sp = tx.savepoint().await?;
                    self.write(&sp, random).await?;
                    if random.below(2) == 0 {
                        // Whoever reaches the connection can set the setting; past the savepoint it is gone.
                        let foreign = tenant(1 + random.below(u64::from(TENANTS)) as u8).as_setting();
                        sp.query("select set_config('app.tenant_id', $1, true)", &[&foreign]).await?;
                    }
                    match random.below(3) {
                        0 => sp.release().await?,
                        1 => sp.rollback().await?,
                        _ => drop(sp),
                    }
                }
                _ => {
                    let sp = tx.savepoint().await?;
                    let _ = sp.query("select 1 / (id - id) from erp.account", &[]).await;
                    drop(sp);
                }
            }
        }
        self.read(&tx, random).await?;
        match random.below(4) {
            0 => tx.rollback().await,
            1 => {
                drop(tx);
                Ok(())
            }
            _ => tx.commit().await,
        }
    }

    async fn stream(&self, random: &mut Random) -> Result<(), Error> {
        let sql = format!("select {SEEN} from erp.account");
        let mut rows = self.scope().query_raw(&sql, &[]).await?;
        for _ in 0..random.below(2 * ACCOUNTS as u64) {
            let Some(row) = rows.try_next().await? else { break };
            self.check("stream", &[row]);
        }
        Ok(())
    }

    async fn fail(&self, random: &mut Random) -> Result<(), Error> {
        let sql = ["select 1 / 0", "select 'x'::uuid", "insert into erp.account (id, tag) values (null, '')"]
            [random.below(3) as usize];
        let failed = self.scope().query(sql, &[]).await;
        assert!(failed.is_err_and(|error| error.code().is_some() || self.load.explains(&error)));
        self.read(&self.reader(), random).await
    }
}

/// Drops a future at one of its await points.
async fn poll_at_most<T>(work: impl Future<Output = T>, polls: u64) -> Option<T> {
    let mut work = pin!(work);
    let mut left = polls;
    std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(cx).map(Some)
    })
    .await
}

const ON_PURPOSE: &str = "a panic on purpose";

/// Panics at one of a future's await points.
async fn panic_at<T>(work: impl Future<Output = T>, polls: u64) -> T {
    let mut work = pin!(work);
    let mut left = polls;
    std::future::poll_fn(|cx| {
        if left == 0 {
            std::panic::panic_any(ON_PURPOSE);
        }
        left -= 1;
        work.as_mut().poll(cx)
    })
    .await
}

/// Keeps the panics on purpose out of the test's output.
fn quiet_panics_on_purpose() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>() != Some(&ON_PURPOSE) {
                others(info);
            }
        }));
    });
}

/// A database on the way, with accounts for all tenants, and a pool that is smaller than their number.
async fn opened(way: Way) -> (Road, TenantPool) {
    let _ =
        tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN).try_init();
    quiet_panics_on_purpose();
    let road = way.open().await;
    let pool = road.builder().max_size(CONNECTIONS).wait_timeout(Duration::from_secs(60)).build().await;
    let pool = pool.unwrap();
    for n in 1..=TENANTS {
        open_accounts(&pool, &tenant(n), i64::from(n - 1) * ACCOUNTS, ACCOUNTS).await;
    }
    (road, pool)
}

async fn isolated(way: Way, operations: usize, faults: bool) {
    let (road, pool) = opened(way).await;
    let load = Load::new(pool, operations, faults);
    let admin = road.erp.admin().await;
    let met = if faults {
        let begun = Arc::clone(&load);
        let faults =
            Faults::start(road.erp.admin().await, move || begun.next_operation.load(Ordering::Relaxed));
        load.run(0x5eed).await;
        faults.stop().await
    } else {
        load.run(0x5eed).await;
        0
    };
    assert_eq!(met > operations / 2_000, faults, "faults met {met} backends");

    for found in [&load.violations, &load.surprises] {
        let found = found.lock().unwrap();
        assert!(found.is_empty(), "{} in all, among them {:#?}", found.len(), &found[..found.len().min(3)]);
    }
    assert!(load.looked_at.load(Ordering::Relaxed) > operations, "the checker has looked at too little");
    let shared = load.shared.load(Ordering::Relaxed);
    let shares = way.strategy == Strategy::Implicit && way.sharing != Sharing::Never;
    assert_eq!(shared > operations / 100, shares, "somebody was seen to share {shared} times");
    let crossed = "select count(*) from erp.account where tag <> tenant_id::text";
    assert_eq!(admin.query_one(crossed, &[]).await.unwrap().get::<_, i64>(0), 0);
    let idle = "select count(*) from pg_stat_activity
        where datname = current_database() and usename = 'tenantry_it_app' and state <> 'idle'";
    eventually("all connections are idle", async || {
        admin.query_one(idle, &[]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await;
    assert!(load.pool.status().size <= CONNECTIONS);
}
