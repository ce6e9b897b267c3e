//! Statements that would take a minute and are abandoned: nobody waits behind them, and they do not
//! go on.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use tenantry::{Result, TenantPool};
use tokio::time::timeout;

use super::operations::Running;
use super::stand::{Doing, LIMIT, OTHER, OWN, Stand};
use super::statements::{COPY_IN, INSERT, INSERT_ENTRY, UPDATE, anew};
use crate::support::erp::tenant;
use crate::support::route::Way;

const SLEEP: &str = "select pg_sleep(60)";
/// Nobody gets at the table at all.
const TABLE: &str = "lock table erp.stage in access exclusive mode";
/// Nobody gets at the row that changes it, or refers to it.
const ROW: &str = "select from erp.account where id = 1 for update";

struct Sleeper {
    name: &'static str,
    /// What the admin does in a transaction that stays open meanwhile.
    behind: &'static str,
    run: fn(TenantPool) -> Running,
}

const SLEEPERS: &[Sleeper] = &[
    Sleeper { name: "a single statement", behind: "", run: |pool| single(pool, SLEEP) },
    Sleeper {
        name: "a single statement whose rows are streamed",
        behind: "",
        run: |pool| {
            Box::pin(async move {
                let mut rows = pool.tenant(tenant(OWN)).query_raw(SLEEP, &[]).await?;
                rows.try_next().await.map(drop)
            })
        },
    },
    Sleeper { name: "a single statement behind a row lock", behind: ROW, run: |pool| single(pool, UPDATE) },
    Sleeper {
        name: "a single statement that is being prepared",
        behind: TABLE,
        run: |pool| Box::pin(async move { single(pool, &anew("select line from erp.stage")).await }),
    },
    Sleeper {
        name: "a statement in a transaction",
        behind: "",
        run: |pool| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                tx.execute(INSERT, &[]).await?;
                tx.query(SLEEP, &[]).await.map(drop)
            })
        },
    },
    Sleeper {
        name: "a statement in a savepoint",
        behind: "",
        run: |pool| {
            Box::pin(async move {
                let mut tx = pool.tenant(tenant(OWN)).begin();
                tx.execute(INSERT, &[]).await?;
                let sp = tx.savepoint().await?;
                sp.query(SLEEP, &[]).await.map(drop)
            })
        },
    },
    Sleeper {
        name: "a statement in a transaction behind a row lock",
        behind: ROW,
        run: |pool| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                tx.execute(UPDATE, &[]).await.map(drop)
            })
        },
    },
    Sleeper {
        name: "prepare ahead of a transaction's first statement",
        behind: TABLE,
        run: |pool| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                tx.prepare(&anew("select line from erp.stage")).await.map(drop)
            })
        },
    },
    Sleeper {
        name: "prepare in a transaction",
        behind: TABLE,
        run: |pool| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                tx.execute(INSERT, &[]).await?;
                tx.prepare(&anew("select line from erp.stage")).await.map(drop)
            })
        },
    },
    Sleeper {
        name: "a cursor's fetch",
        behind: "",
        run: |pool| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                tx.cursor(SLEEP, &[]).await?.fetch(1).await.map(drop)
            })
        },
    },
    Sleeper {
        name: "COPY out",
        behind: "",
        run: |pool| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                tx.copy_out("copy (select pg_sleep(60)) to stdout").await?.try_next().await.map(drop)
            })
        },
    },
    Sleeper { name: "COPY in behind a table lock", behind: TABLE, run: copy_in },
    Sleeper {
        name: "a commit behind a row lock",
        behind: ROW,
        run: |pool| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                tx.execute(INSERT_ENTRY, &[]).await?;
                tx.commit().await
            })
        },
    },
];

fn single(pool: TenantPool, sql: &str) -> Running {
    let sql = sql.to_owned();
    Box::pin(async move { pool.tenant(tenant(OWN)).query(&sql, &[]).await.map(drop) })
}

fn copy_in(pool: TenantPool) -> Running {
    Box::pin(async move {
        let tx = pool.tenant(tenant(OWN)).begin();
        tx.copy_in::<Bytes>(COPY_IN).await.map(drop)
    })
}

pub async fn are_dropped(way: Way) {
    for sleeper in SLEEPERS {
        abandoned(way, sleeper, |work| Box::pin(async { drop(work) })).await;
    }
}

pub async fn time_out(way: Way) {
    for sleeper in SLEEPERS {
        abandoned(way, sleeper, |work| {
            Box::pin(async {
                timeout(Duration::from_millis(2), work).await.expect_err("it ended");
            })
        })
        .await;
    }
}

pub async fn panic(way: Way) {
    for sleeper in SLEEPERS {
        abandoned(way, sleeper, |mut work| {
            Box::pin(async move {
                let panicking = async move {
                    assert!(work.as_mut().now_or_never().is_none(), "it ended");
                    resume_unwind(Box::new("intervention"));
                };
                AssertUnwindSafe(panicking).catch_unwind().await.map(|()| "no panic").unwrap_err();
            })
        })
        .await;
    }
}

type Abandon = fn(Running) -> Pin<Box<dyn Future<Output = ()>>>;

async fn abandoned(way: Way, sleeper: &Sleeper, abandon: Abandon) {
    let _doing = Doing(sleeper.name.to_owned());
    let stand = Stand::new(way).await;
    let pool = stand.builder().max_size(1).drain_timeout(Duration::from_millis(50)).build().await.unwrap();
    let locking = stand.road.erp.admin().await;
    locking.batch_execute(&format!("begin; {}", sleeper.behind)).await.unwrap();

    let mut work = (sleeper.run)(pool.clone());
    tokio::select! {
        biased;
        result = &mut work => panic!("it did not wait: {result:?}"),
        () = stand.sleeps() => {}
    }
    abandon(work).await;
    serves(&pool).await.expect("the next caller is not served");
    // The lock is held still: the statement is gone because it was canceled.
    stand.comes_to_rest(&pool).await;
    locking.batch_execute("rollback").await.unwrap();
    stand.check(&pool, false).await;
    assert_eq!(stand.written().await, 0);
}

async fn serves(pool: &TenantPool) -> Result<()> {
    let query = "select current_setting('app.tenant_id')";
    let scope = pool.tenant(tenant(OTHER));
    let row = timeout(LIMIT, scope.query_one(query, &[])).await.expect("the next caller waits")?;
    assert_eq!(row.get::<_, String>(0), tenant(OTHER).as_setting());
    Ok(())
}

/// What the first poll sends, once it is prepared.
const SENT_AT_ONCE: [fn(TenantPool) -> Running; 2] = [|pool| single(pool, SLEEP), copy_in];

/// By a cancel request that comes before the statement that it is for.
pub async fn are_overtaken(way: Way) {
    let stand = Stand::new(way).await;
    let locking = stand.road.erp.admin().await;
    locking.batch_execute(&format!("begin; {TABLE}")).await.unwrap();
    let pool = stand.builder().max_size(1).drain_timeout(Duration::ZERO).build().await.unwrap();
    for run in SENT_AT_ONCE {
        prepares(&pool).await;
        let before = stand.turnstile.cancels();
        stand.turnstile.hold_requests(true);
        let mut work = run(pool.clone());
        assert!(work.as_mut().now_or_never().is_none());
        drop(work);
        timeout(LIMIT, stand.turnstile.cancels_came(before + 1)).await.expect("no request was sent");
        timeout(LIMIT, stand.turnstile.cancels_are_done()).await.expect("the cancel request is under way");
        stand.turnstile.hold_requests(false);
        serves(&pool).await.unwrap();
        stand.comes_to_rest(&pool).await;
    }
    locking.batch_execute("rollback").await.unwrap();
}

/// Prepares what is run, so that the first poll sends it.
async fn prepares(pool: &TenantPool) {
    let tx = pool.tenant(tenant(OTHER)).begin();
    timeout(LIMIT, tx.prepare(SLEEP)).await.expect("it hangs").unwrap();
    timeout(LIMIT, tx.prepare(COPY_IN)).await.expect("it hangs").unwrap();
}

/// Without any patience, and so with the cancel request close behind the statement.
pub async fn are_abandoned_at_once(way: Way) {
    let stand = Stand::new(way).await;
    let locking = stand.road.erp.admin().await;
    locking.batch_execute(&format!("begin; {TABLE}")).await.unwrap();
    let pool = stand.builder().max_size(1).drain_timeout(Duration::ZERO).build().await.unwrap();
    for run in SENT_AT_ONCE {
        for _ in 0..30 {
            prepares(&pool).await;
            let mut work = run(pool.clone());
            assert!(work.as_mut().now_or_never().is_none());
            drop(work);
            serves(&pool).await.unwrap();
            stand.comes_to_rest(&pool).await;
        }
    }
    locking.batch_execute("rollback").await.unwrap();
}
