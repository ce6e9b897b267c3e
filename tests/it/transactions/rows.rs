//! Rows: counts, typed forms, statements prepared, and streams read to the end or not.

use tenantry::Statements;
use tenantry::types::{ToSql, Type};

use super::{DIVISION, add, code, kept};
use crate::support::erp::{Erp, tenant};

const NUMBERS: &str = "select g from generate_series(1, $1::integer) g";

/// Every way to run a statement, on whatever runs statements.
async fn every_method(db: &Statements) {
    let three: &(dyn ToSql + Sync) = &3_i32;
    assert_eq!(db.query(NUMBERS, &[three]).await.unwrap().len(), 3);
    assert_eq!(db.query_typed(NUMBERS, &[(three, Type::INT4)]).await.unwrap().len(), 3);

    for (count, wanted) in [(0_i32, [false, true]), (1, [true, true]), (2, [false, false])] {
        let text = NUMBERS.to_owned();
        let params: [&(dyn ToSql + Sync); 1] = [&count];
        let typed: [(&(dyn ToSql + Sync), Type); 1] = [(&count, Type::INT4)];
        for (one, opt) in [
            (db.query_one(&text, &params).await, db.query_opt(NUMBERS, &params).await),
            (db.query_typed_one(NUMBERS, &typed).await, db.query_typed_opt(NUMBERS, &typed).await),
        ] {
            assert_eq!([one.is_ok(), opt.is_ok()], wanted, "{count} rows");
            for error in [one.err(), opt.err()].into_iter().flatten() {
                assert!(error.is_row_count(), "{error}");
                let found = format!("the query returned {count} rows; expected");
                assert!(error.to_string().starts_with(&found), "{error}");
            }
        }
    }

    let mut id = 0_i64;
    let mut next = || {
        id += 1;
        id
    };
    let insert = "insert into erp.account (id, tag) values ($1, $2)";
    assert_eq!(db.execute(insert, &[&next(), &"a"]).await.unwrap(), 1);
    let typed: [(&(dyn ToSql + Sync), Type); 2] = [(&next(), Type::INT8), (&"b", Type::TEXT)];
    assert_eq!(db.execute_typed(insert, &typed).await.unwrap(), 1);
    let of_any_type: Vec<Box<dyn ToSql + Sync>> = vec![Box::new(next()), Box::new("c")];
    assert_eq!(db.execute_raw(insert, of_any_type).await.unwrap(), 1);
    assert_eq!(db.execute("update erp.account set balance = 5 where id < $1", &[&3_i64]).await.unwrap(), 2);
    assert_eq!(db.execute("select", &[]).await.unwrap(), 1);
    assert_eq!(db.execute("delete from erp.account where id = 99", &[]).await.unwrap(), 0);

    for typed in [false, true] {
        let mut rows = if typed {
            db.query_typed_raw(NUMBERS, &[(&5_i32, Type::INT4)]).await.unwrap()
        } else {
            db.query_raw(NUMBERS, &[&5_i32]).await.unwrap()
        };
        for wanted in 1..=5 {
            assert_eq!(rows.rows_affected(), None);
            assert_eq!(rows.try_next().await.unwrap().unwrap().get::<_, i32>(0), wanted);
        }
        assert!(rows.try_next().await.unwrap().is_none());
        assert_eq!(rows.rows_affected(), Some(5));
        assert!(rows.try_next().await.unwrap().is_none(), "it began again");
    }
}

#[tokio::test]
async fn every_method_works_in_a_scope_a_transaction_and_a_savepoint() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    every_method(&pool.tenant(tenant(1))).await;
    assert_eq!(kept(&pool).await, [1, 2, 3]);

    let mut tx = pool.tenant(tenant(2)).begin();
    every_method(&tx).await;
    tx.execute("delete from erp.account", &[]).await.unwrap();
    let savepoint = tx.savepoint().await.unwrap();
    every_method(&savepoint).await;
    savepoint.release().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(kept(&pool).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_row_count_that_is_wrong_fails_no_transaction() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 1).await;
    assert!(tx.query_one(NUMBERS, &[&2_i32]).await.unwrap_err().is_row_count());
    // Nor does a parameter that does not convert: it never reached the server.
    assert!(tx.query_one(NUMBERS, &[&"two"]).await.is_err());
    tx.commit().await.unwrap();
    assert_eq!(kept(&pool).await, [1]);
}

#[tokio::test]
async fn a_prepared_statement_knows_its_parameters_and_columns() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let tx = pool.tenant(tenant(1)).begin();
    let sql = "select id, tag as label from erp.account where id = $1 and tag = $2";
    let statement = tx.prepare(sql).await.unwrap();
    assert_eq!(statement.params(), [Type::INT8, Type::TEXT]);
    let columns: Vec<_> = statement.columns().iter().map(|c| (c.name(), c.type_().clone())).collect();
    assert_eq!(columns, [("id", Type::INT8), ("label", Type::TEXT)]);
    let insert = tx.prepare("insert into erp.account (id, tag) values ($1, $2)").await.unwrap();
    for id in 1..=3_i64 {
        assert_eq!(tx.execute(&insert, &[&id, &"x"]).await.unwrap(), 1);
    }
    assert_eq!(tx.query(&statement, &[&2_i64, &"x"]).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
    assert_eq!(kept(&pool).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_stream_that_is_left_off_gives_its_rows_to_nobody_else() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let tx = pool.tenant(tenant(1)).begin();
    for n in 0..20 {
        let mut rows = tx.query_raw(NUMBERS, &[&5_000_i32]).await.unwrap();
        rows.try_next().await.unwrap().unwrap();
        drop(rows);
        let row = tx.query_one("select $1::bigint", &[&n]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), n);
    }
    add(&tx, 1).await;
    tx.commit().await.unwrap();
    for n in 0..20 {
        let scope = pool.tenant(tenant(1));
        let mut rows = scope.query_raw(NUMBERS, &[&5_000_i32]).await.unwrap();
        rows.try_next().await.unwrap().unwrap();
        drop(rows);
        let row = scope.query_one("select $1::bigint", &[&n]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), n);
    }
    assert_eq!(kept(&pool).await, [1]);
}

#[tokio::test]
async fn an_error_on_the_way_comes_after_the_rows_ahead_of_it() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let sql = "select 10 / (5 - g) from generate_series(1, 10) g";
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 1).await;
    let scope = pool.tenant(tenant(1));
    let mut rows = tx.query_raw(sql, &[]).await.unwrap();
    for _ in 0..4 {
        rows.try_next().await.unwrap().unwrap();
    }
    assert_eq!(code(&rows.try_next().await.unwrap_err()), DIVISION);
    assert!(rows.try_next().await.unwrap().is_none());
    drop(rows);
    assert_eq!(code(&tx.commit().await.unwrap_err()), DIVISION);

    let mut rows = scope.query_raw(sql, &[]).await.unwrap();
    for _ in 0..4 {
        rows.try_next().await.unwrap().unwrap();
    }
    let error = rows.try_next().await.unwrap_err();
    assert!(code(&error) == DIVISION && !error.is_in_doubt(), "{error}");
    assert!(rows.try_next().await.unwrap().is_none());
    drop(rows);
    assert_eq!(kept(&pool).await, [0; 0]);
}
