//! A part of a transaction that is abandoned while the transaction itself goes on.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::FutureExt;
use tenantry::{Result, Strategy, TenantPool, TenantTransaction};
use tokio::time::timeout;

use super::intervention::{Point, reach};
use super::stand::{Doing, LIMIT, OWN, Stand};
use super::statements::{
    COPY_IN, COPY_OUT, COPY_REFUSED, FAIL, INSERT, INSERT_MORE, LINES, SELECT, UPDATE, anew, is_at_home,
    strays,
};
use crate::support::erp::{Erp, tenant};
use crate::support::proxy::Proxy;
use crate::support::route::Way;

type Running<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

struct Part {
    name: &'static str,
    /// What it may have written when the transaction is committed. Nothing here: it cannot be.
    writes: &'static [i64],
    run: for<'a> fn(&'a mut TenantTransaction) -> Running<'a>,
}

const PARTS: &[Part] = &[
    Part {
        name: "a statement",
        writes: &[2],
        run: |tx| Box::pin(async move { tx.execute(INSERT, &[]).await.map(drop) }),
    },
    Part {
        name: "a statement that fails",
        writes: &[],
        run: |tx| Box::pin(async move { tx.query(FAIL, &[]).await.map(drop) }),
    },
    Part {
        name: "a batch",
        writes: &[2],
        run: |tx| {
            Box::pin(async move {
                let mut batch = tenantry::Batch::new();
                batch.add(SELECT, &[]).add(INSERT, &[]).add(SELECT, &[]);
                tx.batch(&batch).await.map(drop)
            })
        },
    },
    Part {
        name: "a stream of rows",
        writes: &[0],
        run: |tx| {
            Box::pin(async move {
                let mut rows = tx.query_raw(SELECT, &[]).await?;
                while rows.try_next().await?.is_some() {}
                Ok(())
            })
        },
    },
    Part {
        name: "prepare",
        writes: &[0, 2],
        run: |tx| Box::pin(async move { tx.execute(&anew(INSERT), &[]).await.map(drop) }),
    },
    Part {
        name: "a cursor",
        writes: &[0],
        run: |tx| Box::pin(async move { tx.cursor(SELECT, &[]).await?.fetch(2).await.map(drop) }),
    },
    Part {
        name: "a savepoint that is released",
        writes: &[0, 2],
        run: |tx| {
            Box::pin(async move {
                let sp = tx.savepoint().await?;
                sp.execute(INSERT, &[]).await?;
                strays(&sp).await?;
                sp.release().await
            })
        },
    },
    Part {
        name: "a savepoint that is rolled back to",
        writes: &[0],
        run: |tx| {
            Box::pin(async move {
                let sp = tx.savepoint().await?;
                sp.execute(INSERT, &[]).await?;
                strays(&sp).await?;
                sp.rollback().await
            })
        },
    },
    Part {
        name: "a savepoint in which a statement fails",
        writes: &[0],
        run: |tx| {
            Box::pin(async move {
                let sp = tx.savepoint().await?;
                sp.execute(INSERT, &[]).await?;
                sp.query(FAIL, &[]).await.map(drop)
            })
        },
    },
    Part {
        name: "COPY in",
        writes: &[3],
        run: |tx| {
            Box::pin(async move {
                let mut copy = tx.copy_in(COPY_IN).await?;
                for line in LINES {
                    copy.send(Bytes::from_static(line)).await?;
                }
                copy.finish().await.map(drop)
            })
        },
    },
    Part {
        name: "COPY in that the server refuses",
        writes: &[],
        run: |tx| Box::pin(async move { tx.copy_in::<Bytes>(COPY_REFUSED).await.map(drop) }),
    },
    Part {
        name: "COPY out",
        writes: &[0],
        run: |tx| {
            Box::pin(async move {
                let mut data = tx.copy_out(COPY_OUT).await?;
                while data.try_next().await?.is_some() {}
                Ok(())
            })
        },
    },
];

/// The transaction keeps its tenant, is committed as a whole or not at all, and a commit that says
/// that it was done has done everything that was not abandoned.
pub async fn are_abandoned(way: Way) {
    let stand = Stand::new(way).await;
    let pool = stand.pool(1).await;
    for part in PARTS {
        for (before, behind) in [(0, 1), (1, 1), (1, 0)] {
            let mut points = 0;
            while abandoned(&stand, &pool, part, [before, behind], points).await {
                points += 1;
            }
            println!("{}, {before} before and {behind} behind: {points} points", part.name);
            assert!(points > 0, "{} has no await point", part.name);
        }
    }
}

/// Abandons the part at a point, with so many statements before and behind it. Whether it had not
/// ended before.
async fn abandoned(
    stand: &Stand,
    pool: &TenantPool,
    part: &Part,
    [before, behind]: [i64; 2],
    point: usize,
) -> bool {
    let _doing = Doing(format!("{} after {before}, before {behind}, dropped at {point}", part.name));
    stand.prepare(pool).await;
    let mut tx = pool.tenant(tenant(OWN)).begin();
    for _ in 0..before {
        timeout(LIMIT, tx.execute(UPDATE, &[])).await.expect("it hangs").unwrap();
    }
    let ended = reach((part.run)(&mut tx).as_mut(), &stand.turnstile, Point::Message(point)).await;
    stand.turnstile.open();
    let goes_on = async {
        for _ in 0..behind {
            is_at_home(&tx).await?;
            tx.execute(INSERT_MORE, &[]).await?;
        }
        Ok::<_, tenantry::Error>(())
    };
    let went_on = timeout(LIMIT, goes_on).await.expect("the transaction hangs");
    let committed = timeout(LIMIT, tx.commit()).await.expect("the commit hangs");
    stand.check(pool, false).await;
    let written = stand.written().await;
    match committed {
        Ok(()) => {
            went_on.unwrap();
            let by_part = written - 3 * before - 2 * behind;
            assert!(part.writes.contains(&by_part), "the part wrote {by_part} rows");
        }
        Err(error) => {
            assert_eq!(written, 0, "{error}");
            assert!(!error.is_in_doubt(), "{error}");
            assert!(!matches!(ended, Some(Ok(()))), "it went well, and the commit failed: {error}");
        }
    }
    stand.clear().await;
    ended.is_none()
}

/// A statement that somebody keeps, but does not poll any more, keeps no other from its answer.
pub async fn are_not_polled(way: Way) {
    let stand = Stand::new(way).await;
    // Without the turnstile: here an answer comes in one piece, and the driver keeps that.
    let pool = stand.road.builder().max_size(1).build().await.unwrap();
    // Who checks out a connection that is not ready yet has the others wait until it is.
    pool.tenant(tenant(OWN)).query("select 1", &[]).await.unwrap();
    for point in 0.. {
        let tx = pool.tenant(tenant(OWN)).begin();
        let mut kept = Box::pin(tx.execute(UPDATE, &[]));
        let ended = reach(kept.as_mut(), &stand.turnstile, Point::Poll(point)).await;
        timeout(LIMIT, is_at_home(&tx)).await.expect("the second statement waits").unwrap();
        if ended.is_some() {
            assert!(point > 0, "the statement never waited");
            return;
        }
        assert_eq!(timeout(LIMIT, kept).await.expect("the first statement waits").unwrap(), 3);
        tx.commit().await.unwrap();
    }
}

/// Nor does one whose task is a different one, and is asleep, when the answer to BEGIN arrives
/// in pieces.
pub async fn wait_together(way: Way) {
    let stand = Stand::new(way).await;
    let pool = stand.pool(1).await;
    let tx = pool.tenant(tenant(OWN)).begin();
    let mut first = Box::pin(tx.query_typed(SELECT, &[]));
    assert!(futures_util::poll!(&mut first).is_pending());
    let mut asleep = Box::pin(tx.execute_typed(UPDATE, &[]));
    // Polled as by another task.
    assert!(asleep.as_mut().now_or_never().is_none());
    timeout(LIMIT, first).await.expect("the first statement waits").unwrap();
    assert_eq!(timeout(LIMIT, asleep).await.expect("the second statement waits").unwrap(), 3);
    tx.rollback().await.unwrap();
}

/// A failed BEGIN that nobody stayed to hear of is noticed by the commit. Where the statement behind
/// it ran all the same, it costs the connection.
#[tokio::test]
async fn a_commit_notices_a_begin_that_failed() {
    for (strategy, said, costs) in [
        (Strategy::Implicit, "the transaction was rolled back", false),
        (Strategy::Explicit, "the begin of the transaction failed", true),
    ] {
        let erp = Erp::new().await;
        let proxy = Proxy::start(erp.address()).await;
        let builder = TenantPool::builder(&erp.app_url_through(proxy.port())).strategy(strategy);
        let pool = builder.max_size(1).build().await.unwrap();
        let backend = async || -> i32 {
            pool.tenant(tenant(OWN)).query_one("select pg_backend_pid()", &[]).await.unwrap().get(0)
        };
        let before = backend().await;
        proxy.edit("BEGIN\0", "BEGIM\0");
        let tx = pool.tenant(tenant(OWN)).begin();
        assert!(tx.query_typed("select 1", &[]).now_or_never().is_none());
        let error = timeout(LIMIT, tx.commit()).await.expect("the commit hangs").unwrap_err();
        assert!(error.to_string().starts_with(said), "{error}");
        proxy.clear_edits();
        assert_eq!(backend().await != before, costs, "{strategy:?} took the wrong connection");
    }
}
