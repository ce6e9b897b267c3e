//! COPY in and out.

use bytes::Bytes;
use futures_util::{FutureExt as _, SinkExt};
use tenantry::{Result, TenantPool, TransactionBlock};

use super::{add, backend, code, kept};
use crate::support::erp::{Erp, open_accounts, tenant};

const INTO_STAGE: &str = "copy erp.stage from stdin";

async fn staged(pool: &TenantPool) -> Vec<String> {
    let rows = pool.tenant(tenant(1)).query("select line from erp.stage order by line", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn read_out(tx: &TransactionBlock, sql: &str) -> Result<String> {
    let mut data = tx.copy_out(sql).await?;
    let mut text = Vec::new();
    while let Some(portion) = data.try_next().await? {
        text.extend_from_slice(&portion);
    }
    Ok(String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn copy_in_takes_portions_that_end_anywhere() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 1).await;
    let mut sink = tx.copy_in(INTO_STAGE).await.unwrap();
    for portion in ["fir", "st\nsecond\nth", "", "ird", "\n"] {
        sink.send(Bytes::from(portion)).await.unwrap();
    }
    assert_eq!(sink.finish().await.unwrap(), 3);
    // The same as a sink among others.
    let mut sink = Box::pin(tx.copy_in::<&'static [u8]>(INTO_STAGE).await.unwrap());
    SinkExt::send(&mut sink, b"fourth\n").await.unwrap();
    SinkExt::close(&mut sink).await.unwrap();
    drop(sink);
    add(&tx, 2).await;
    tx.commit().await.unwrap();
    assert_eq!(staged(&pool).await, ["first", "fourth", "second", "third"]);
    assert_eq!(kept(&pool).await, [1, 2]);
}

#[tokio::test]
async fn a_copy_that_is_not_finished_fails_its_transaction() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    for asks in [true, false] {
        let tx = pool.tenant(tenant(1)).begin();
        add(&tx, 1).await;
        let mut sink = tx.copy_in(INTO_STAGE).await.unwrap();
        sink.send(Bytes::from_static(b"lost\n")).await.unwrap();
        drop(sink);
        if asks {
            assert_eq!(code(&tx.query("select 1", &[]).await.unwrap_err()), "25P02");
        }
        let error = tx.commit().await.unwrap_err();
        assert!(error.to_string().starts_with("the transaction was rolled back"), "{error}");
    }
    assert_eq!(staged(&pool).await, [""; 0]);
    assert_eq!(kept(&pool).await, [0; 0]);
}

#[tokio::test]
async fn data_that_the_server_does_not_take_is_told_at_the_end() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let mut tx = pool.tenant(tenant(1)).begin();
    add(&tx, 1).await;
    let savepoint = tx.savepoint().await.unwrap();
    let mut sink = savepoint.copy_in(INTO_STAGE).await.unwrap();
    sink.send(Bytes::from_static(b"one\ttoo many\n")).await.unwrap();
    assert_eq!(code(&sink.finish().await.unwrap_err()), "22P04");
    savepoint.rollback().await.unwrap();
    add(&tx, 2).await;
    let mut sink = tx.copy_in(INTO_STAGE).await.unwrap();
    sink.send(Bytes::from_static(b"one\ttoo many\n")).await.unwrap();
    assert_eq!(code(&sink.finish().await.unwrap_err()), "22P04");
    assert_eq!(code(&tx.commit().await.unwrap_err()), "22P04");
    assert_eq!(kept(&pool).await, [0; 0]);
}

/// Whatever became of a COPY that the server refused, each later answer belongs to its question.
async fn answers_are_ones_own(pool: &TenantPool) {
    for n in 0..100_i64 {
        let row = pool.tenant(tenant(1)).query_one("select $1::bigint", &[&n]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), n);
    }
}

#[tokio::test]
async fn a_copy_into_a_table_with_policies_is_refused_and_costs_its_connection() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let into_account = "copy erp.account (id, tag) from stdin";
    let before = backend(&pool).await;
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 1).await;
    let error = tx.copy_in::<Bytes>(into_account).await.unwrap_err();
    assert_eq!(code(&error), "0A000", "{error}");
    assert!(tx.query("select 1", &[]).await.unwrap_err().is_connection_lost());
    assert!(tx.commit().await.unwrap_err().is_connection_lost());
    assert_ne!(backend(&pool).await, before);
    answers_are_ones_own(&pool).await;

    // Nobody hears the refusal.
    let before = backend(&pool).await;
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 1).await;
    tx.prepare(into_account).await.unwrap();
    assert!(tx.copy_in::<Bytes>(into_account).now_or_never().is_none(), "it was answered at once");
    drop(tx);
    assert_ne!(backend(&pool).await, before);
    answers_are_ones_own(&pool).await;
    assert_eq!(kept(&pool).await, [0; 0]);
}

#[tokio::test]
async fn copy_out_gives_ones_own_rows() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    open_accounts(&pool, &tenant(1), 1, 3).await;
    open_accounts(&pool, &tenant(2), 11, 3).await;
    let tx = pool.tenant(tenant(1)).begin();
    assert_eq!(read_out(&tx, "copy erp.account (id) to stdout").await.unwrap(), "1\n2\n3\n");
    let query = "copy (select id from erp.account order by id desc) to stdout csv header";
    assert_eq!(read_out(&tx, query).await.unwrap(), "id\n3\n2\n1\n");
    // Left off, it stands in nobody's way.
    let mut data = tx.copy_out("copy (select generate_series(1, 10000)) to stdout").await.unwrap();
    data.try_next().await.unwrap().unwrap();
    drop(data);
    add(&tx, 4).await;
    tx.commit().await.unwrap();
    let tx = pool.tenant(tenant(1)).begin();
    let error = read_out(&tx, "copy (select 1 / (3 - id) from erp.account) to stdout").await.unwrap_err();
    assert_eq!(code(&error), "22012");
    assert_eq!(code(&tx.commit().await.unwrap_err()), "22012");
    answers_are_ones_own(&pool).await;
    assert_eq!(kept(&pool).await, [1, 2, 3, 4]);
}

/// A COPY goes through `copy_in` or `copy_out`, each its own direction; anything else would wait
/// for data that nobody sends.
#[tokio::test]
async fn a_copy_that_is_run_as_something_else_is_an_error_and_hangs_nobody() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let minute = std::time::Duration::from_secs(60);
    for sql in [INTO_STAGE, "copy erp.stage to stdout", "COPY (select 1) TO STDOUT"] {
        for in_block in [false, true] {
            let run = async {
                let (scope, tx) = (pool.tenant(tenant(1)), pool.tenant(tenant(1)).begin());
                let outcomes = if in_block {
                    [tx.execute(sql, &[]).await.map(drop), tx.query_typed(sql, &[]).await.map(drop)]
                } else {
                    [scope.execute(sql, &[]).await.map(drop), scope.query_typed(sql, &[]).await.map(drop)]
                };
                for error in outcomes.map(Result::unwrap_err) {
                    assert!(error.is_usage() && error.to_string().contains("copy_in or copy_out"), "{error}");
                }
                // One that was prepared is judged no more.
                let prepared = tx.prepare(sql).await.unwrap();
                tx.execute(&prepared, &[]).await.unwrap_err();
            };
            tokio::time::timeout(minute, run).await.unwrap_or_else(|_| panic!("{sql} hangs"));
            answers_are_ones_own(&pool).await;
        }
    }
    for (sql, into) in
        [(INTO_STAGE, false), ("copy erp.stage to stdout", true), ("select 1", true), ("select 1", false)]
    {
        let tx = pool.tenant(tenant(1)).begin();
        let run = async {
            let refused = if into {
                tx.copy_in::<Bytes>(sql).await.map(drop)
            } else {
                tx.copy_out(sql).await.map(drop)
            };
            refused.unwrap_err();
            let _ = tx.commit().await;
        };
        tokio::time::timeout(minute, run).await.unwrap_or_else(|_| panic!("{sql} hangs"));
        answers_are_ones_own(&pool).await;
    }
}

/// The server then answers both of the driver's Syncs, and none of the answers is another's.
#[tokio::test]
async fn a_copy_that_fails_before_its_first_row_is_told_and_its_answers_stay_its_own() {
    let erp = Erp::new().await;
    let trigger = "create function erp.no_copy() returns trigger language plpgsql
            as $$ begin raise exception 'no' using errcode = 'XX123'; end $$;
        create trigger no_copy before insert on erp.stage for each statement execute function erp.no_copy()";
    erp.admin().await.batch_execute(trigger).await.unwrap();
    let pool = erp.pool(1).await;
    for _ in 0..3 {
        let tx = pool.tenant(tenant(1)).begin();
        add(&tx, 1).await;
        let failed = match tx.copy_in::<Bytes>(INTO_STAGE).await {
            Ok(mut sink) => {
                let _ = sink.send(Bytes::from_static(b"lost\n")).await;
                sink.finish().await.unwrap_err()
            }
            Err(error) => error,
        };
        assert!(code(&failed) == "XX123" || failed.is_connection_lost(), "{failed}");
        assert!(tx.commit().await.is_err());
        answers_are_ones_own(&pool).await;
    }
    assert!(kept(&pool).await.is_empty());
}
