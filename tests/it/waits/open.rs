//! A stream or a COPY that is still open, and what else is asked of its transaction.

use bytes::Bytes;
use futures_util::future::{join, join3};
use tenantry::types::Type;
use tenantry::{Error, Result, Savepoint, StatementMode, TenantPool, TransactionBlock};

use super::{add, ends, ids, on_every_way};
use crate::support::erp::{Erp, tenant};
use crate::support::route::Way;

/// More than any buffer on the way holds.
const MANY: &str = "select g, repeat('x', 100) from generate_series(1, 20000 + $1::integer) g";
const COPY_MANY: &str = "copy (select g, repeat('x', 100) from generate_series(1, 20000) g) to stdout";
const COPY_IN: &str = "copy erp.stage from stdin";

fn refused<T>(what: &str, called: &str, outcome: Result<T>) {
    let error = outcome.err().unwrap_or_else(|| panic!("{called} went behind {what}"));
    assert!(error.is_usage(), "{called}: {error}");
    assert!(error.to_string().starts_with(&format!("{what} is still open in this transaction; ")), "{error}");
}

/// Everything that a transaction offers is refused at once while something is open.
async fn all_refused(tx: &TransactionBlock, what: &str, n: usize) {
    let uncached = format!("select {n}, '{what}'");
    refused(what, "query", tx.query("select 1", &[]).await);
    refused(what, "an unprepared query", tx.query_typed("select 1", &[]).await);
    refused(what, "a query that is prepared first", tx.query(&uncached, &[]).await);
    refused(what, "execute", add(tx, 99).await);
    refused(what, "prepare", tx.prepare(&format!("{uncached}, 2")).await);
    refused(what, "a second stream", tx.query_raw(MANY, &[&0_i32]).await);
    refused(what, "a second unprepared stream", tx.query_typed_raw(MANY, &[(&0_i32, Type::INT4)]).await);
    refused(what, "copy_out", tx.copy_out(COPY_MANY).await);
    refused(what, "copy_in", tx.copy_in::<Bytes>(COPY_IN).await);
    refused(what, "a cursor", tx.cursor("select 1", &[]).await);
}

async fn opened(way: Way, mode: StatementMode) {
    let road = way.open().await;
    let pool = road.builder().statements(mode).max_size(1).build().await.unwrap();
    // Twice, with nothing in the statement cache and then with everything.
    for n in 0..2 {
        let tx = pool.tenant(tenant(1)).begin();
        let cursor = tx.cursor("select g from generate_series(1, 9) g", &[]).await.unwrap();
        let mut rows = tx.query_raw(MANY, &[&0_i32]).await.unwrap();
        rows.try_next().await.unwrap().unwrap();
        all_refused(&tx, "a stream of rows", n).await;
        refused("a stream of rows", "fetch", cursor.fetch(2).await);
        let mut read = 1;
        while rows.try_next().await.unwrap().is_some() {
            read += 1;
        }
        assert_eq!(read, 20_000);
        // Read to its end, it need not be dropped.
        assert_eq!(cursor.fetch(2).await.unwrap().len(), 2);
        drop(rows);

        let mut rows = tx.query_typed_raw(MANY, &[(&0_i32, Type::INT4)]).await.unwrap();
        all_refused(&tx, "a stream of rows", n).await;
        rows.try_next().await.unwrap().unwrap();
        drop(rows);
        tx.query_one("select 1", &[]).await.unwrap();

        let mut data = tx.copy_out(COPY_MANY).await.unwrap();
        all_refused(&tx, "a COPY that gives data", n).await;
        while data.try_next().await.unwrap().is_some() {}
        add(&tx, 10 * n as i64 + 1).await.unwrap();
        drop(data);
        drop(tx.copy_out(COPY_MANY).await.unwrap());
        add(&tx, 10 * n as i64 + 2).await.unwrap();

        let mut sink = tx.copy_in(COPY_IN).await.unwrap();
        all_refused(&tx, "a COPY that takes data", n).await;
        sink.send(Bytes::from_static(b"line\n")).await.unwrap();
        all_refused(&tx, "a COPY that takes data", n).await;
        assert_eq!(sink.finish().await.unwrap(), 1);
        add(&tx, 10 * n as i64 + 3).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(ids(&pool.tenant(tenant(1))).await, [1, 2, 3, 11, 12, 13]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_behind_what_is_open() {
    on_every_way(|way, mode| async move { ends("a transaction", opened(way, mode)).await }).await;
}

async fn joined(way: Way, mode: StatementMode) {
    let road = way.open().await;
    road.erp.admin().await.batch_execute("create type erp.mood as enum ('fine')").await.unwrap();
    let pool = road.builder().statements(mode).max_size(1).build().await.unwrap();
    for cached in [false, true] {
        let tx = pool.tenant(tenant(1)).begin();
        // What was sent ahead of a stream is answered, and what was not is refused. Which it is, of two statements that
        // are still to be prepared, nobody knows.
        let (rows, other) = join(tx.query_raw(MANY, &[&0_i32]), tx.query("select 2", &[])).await;
        if cached || other.is_err() {
            refused("a stream of rows", "what comes second", other);
        }
        drop(rows.unwrap());
        let stream = tx.query_raw(MANY, &[&0_i32]);
        let (one, rows, other) =
            join3(tx.query_typed("select 3", &[]), stream, tx.query_typed("select 4", &[])).await;
        assert_eq!(one.unwrap().len(), 1);
        refused("a stream of rows", "what comes third", other);
        drop(rows.unwrap());
        let (first, second) = join(tx.query_raw(MANY, &[&0_i32]), tx.query_raw(MANY, &[&1_i32])).await;
        refused("a stream of rows", "a second stream", second);
        drop(first.unwrap());
        // Prepared ahead, so that the first of the two is the one that is sent first.
        drop(tx.copy_out(COPY_MANY).await.unwrap());
        let (data, other) = join(tx.copy_out(COPY_MANY), tx.copy_in::<Bytes>(COPY_IN)).await;
        refused("a COPY that gives data", "a second COPY", other);
        drop(data.unwrap());
        add(&tx, 1 + i64::from(cached)).await.unwrap();
        tx.commit().await.unwrap();
    }
    // The statement's type has to be looked up, for which its preparation would go behind the stream.
    let tx = pool.tenant(tenant(1)).begin();
    let (other, rows) = join(tx.query("select 'fine'::erp.mood", &[]), tx.query_raw(MANY, &[&0_i32])).await;
    refused("a stream of rows", "what needs more than one request", other);
    drop(rows.unwrap());
    tx.query("select 'fine'::erp.mood", &[]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ids(&pool.tenant(tenant(1))).await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_open_from_the_moment_it_is_sent() {
    on_every_way(|way, mode| async move { ends("a join", joined(way, mode)).await }).await;
}

fn given_up(error: &Error) {
    assert!(error.is_connection_lost() && !error.is_in_doubt(), "{error}");
    assert!(error.to_string().contains("leaked"), "{error}");
}

async fn leaked(pool: &TenantPool) {
    let leak = async |tx: &TransactionBlock| {
        add(tx, 1).await.unwrap();
        std::mem::forget(tx.query_raw(MANY, &[&0_i32]).await.unwrap());
    };
    let tx = pool.tenant(tenant(1)).begin();
    leak(&tx).await;
    refused("a stream of rows", "query", tx.query("select 1", &[]).await);
    given_up(&tx.commit().await.unwrap_err());
    let tx = pool.tenant(tenant(1)).begin();
    leak(&tx).await;
    given_up(&tx.rollback().await.unwrap_err());
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 1).await.unwrap();
    std::mem::forget(tx.copy_out(COPY_MANY).await.unwrap());
    drop(tx);
    let tx = pool.tenant(tenant(1)).begin();
    std::mem::forget(tx.copy_in::<Bytes>(COPY_IN).await.unwrap());
    given_up(&tx.commit().await.unwrap_err());
    for end in 0..3 {
        let mut tx = pool.tenant(tenant(1)).begin();
        let savepoint = tx.savepoint().await.unwrap();
        leak(&savepoint).await;
        match end {
            0 => given_up(&Savepoint::release(savepoint).await.unwrap_err()),
            1 => given_up(&savepoint.rollback().await.unwrap_err()),
            _ => drop(savepoint),
        }
        given_up(&tx.query("select 1", &[]).await.unwrap_err());
        given_up(&tx.commit().await.unwrap_err());
    }
    assert!(ids(&pool.tenant(tenant(1))).await.is_empty());
}

/// Nobody can read it any more, so its transaction ends with an error, and its place in the pool is free again.
#[tokio::test]
async fn a_stream_that_is_leaked_hangs_nobody() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    ends("a transaction whose stream was leaked", leaked(&pool)).await;
}
