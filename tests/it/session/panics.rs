//! A panic in the conversion of a parameter, which is the caller's own code.

use std::error::Error as StdError;

use bytes::{BufMut, BytesMut};
use tenantry::types::{IsNull, ToSql, Type, to_sql_checked};
use tenantry::{Result, Statements, TenantTransaction};

use super::{backend, count, shared, ways};
use crate::support::erp::{Erp, open_accounts, tenant};

/// Writes a part of its value, and panics.
#[derive(Debug)]
struct Panics;

impl ToSql for Panics {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        out.put_slice(b"half a value");
        panic!("on purpose");
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

const INSERT: &str = "insert into erp.stage values ($1)";

async fn panic(db: &Statements, how: usize) {
    match how {
        0 => drop(db.execute(INSERT, &[&Panics]).await),
        1 => drop(db.query_typed(INSERT, &[(&Panics, Type::TEXT)]).await),
        2 => drop(db.query_raw(INSERT, &[&Panics]).await),
        _ => drop(db.execute_typed(INSERT, &[(&Panics, Type::TEXT)]).await),
    }
    unreachable!("it has to panic");
}

#[tokio::test]
async fn the_next_tenants_statement_is_not_the_worse_for_it() {
    for (strategy, mode) in ways() {
        let erp = Erp::new().await;
        let pool = shared(&erp, strategy, mode).await;
        open_accounts(&pool, &tenant(2), 1, 3).await;
        for how in 0..4 {
            let scope = pool.tenant(tenant(1));
            let alone = tokio::spawn(async move { panic(&scope, how).await });
            assert!(alone.await.unwrap_err().is_panic());
            assert_eq!(count(&pool, 2, "account").await, 3, "{strategy:?}, {mode:?}, {how}");

            for statements_before in 0..2 {
                let tx = pool.tenant(tenant(1)).begin();
                let work = tokio::spawn(async move {
                    for _ in 0..statements_before {
                        tx.execute("insert into erp.stage values ('before')", &[]).await.unwrap();
                    }
                    panic(&tx, how).await;
                });
                assert!(work.await.unwrap_err().is_panic());
                assert_eq!(count(&pool, 2, "account").await, 3, "{strategy:?}, {mode:?}, {how}");
            }
        }
        assert_eq!(count(&pool, 2, "stage").await, 0, "{strategy:?}, {mode:?}: something of it was run");
    }
}

#[tokio::test]
async fn its_transaction_does_not_go_on() {
    for (strategy, mode) in ways() {
        let erp = Erp::new().await;
        let pool = shared(&erp, strategy, mode).await;
        let before = backend(&pool).await;
        for statements_before in 0..2 {
            let tx = std::sync::Arc::new(pool.tenant(tenant(1)).begin());
            for _ in 0..statements_before {
                tx.execute("insert into erp.stage values ('before')", &[]).await.unwrap();
            }
            let lent = std::sync::Arc::clone(&tx);
            assert!(tokio::spawn(async move { panic(&lent, 0).await }).await.unwrap_err().is_panic());
            let tx: TenantTransaction = std::sync::Arc::into_inner(tx).unwrap();
            let error = tx.execute("insert into erp.stage values ('after')", &[]).await.unwrap_err();
            assert!(error.to_string().contains("the conversion of a parameter panicked"), "{error}");
            assert!(tx.commit().await.unwrap_err().is_connection_lost());
        }
        assert_eq!(count(&pool, 2, "stage").await, 0);
        assert_ne!(backend(&pool).await, before, "{strategy:?}, {mode:?}");
    }
}
