//! Rows that are refused.

use std::time::Duration;

use super::{Value, accounts, count, insert, values};
use crate::support::erp::{Erp, open_accounts, tenant};

/// Wherever it stands, a row that fails leaves nothing of the others.
#[tokio::test]
async fn a_row_that_fails_undoes_all_of_them() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    open_accounts(&pool, &tenant(1), 1_000_000, 1).await;
    for at in [0, 2, 3, 7, 9] {
        let mut rows = accounts(0, 10);
        rows[at].id = 1_000_000;
        let scope = pool.tenant(tenant(1));
        let into = scope.insert_into("erp.account", ["id", "tag"]).chunk_size(3);
        let error = into.rows(rows.iter().map(values)).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "23505", "{at}: {error}");
        assert!(!error.is_in_doubt() && !error.to_string().contains("tag 5"), "{error}");
        assert_eq!(count(&pool, 1).await, 1, "{at}");
        let tx = scope.begin();
        let into = tx.insert_into("erp.account", ["id", "tag"]).chunk_size(3);
        assert!(into.rows(rows.iter().map(values)).await.is_err());
        assert!(tx.commit().await.is_err());
        assert_eq!(count(&pool, 1).await, 1, "{at}");
    }
    assert_eq!(pool.status().size, pool.status().available);
}

/// No tenant writes rows for another one.
#[tokio::test]
async fn a_row_of_another_tenant_is_denied() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let [own, other] = [1, 2].map(tenant);
    for (rows, first, denied) in [([&own, &own], 10_i64, false), ([&own, &other], 20, true)] {
        let values = rows.iter().zip(first..).collect::<Vec<_>>();
        let rows = values.iter().map(|(tenant, id)| [**tenant as Value<'_>, id, &"x"]);
        let done = pool.tenant(tenant(1)).insert_many("erp.account", ["tenant_id", "id", "tag"], rows).await;
        assert_eq!(done.as_ref().is_err_and(tenantry::Error::is_denied), denied, "{done:?}");
    }
    assert_eq!((count(&pool, 1).await, count(&pool, 2).await), (2, 0));
}

/// A value that does not convert is told by its column and row and not by itself, and costs no connection.
#[tokio::test]
async fn a_value_that_does_not_convert_is_told_by_column_and_row() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let scope = pool.tenant(tenant(1));
    for (at, size) in [(0, 10), (3, 10), (9, 4)] {
        let good = accounts(0, 10);
        let rows = good.iter().enumerate().map(|(n, account)| {
            if n == at { [&"secret" as Value<'_>, &account.tag] } else { values(account) }
        });
        let into = scope.insert_into("erp.account", ["id", "tag"]).chunk_size(size);
        let error = into.rows(rows).await.unwrap_err();
        assert!(error.is_usage(), "{error}");
        assert_eq!(
            error.to_string(),
            format!(
                r#"the rows were not sent: column "id" is of the PostgreSQL type int8, to which the Rust type &str of row {at}, counted from 0, does not convert; pass one that does"#
            )
        );
        assert_eq!(count(&pool, 1).await, 0);
    }
    assert_eq!(insert(&scope, &accounts(0, 2)).await.unwrap(), 2);
}

#[tokio::test]
async fn names_that_are_none_are_refused_before_anything_is_sent() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let scope = pool.tenant(tenant(1));
    for (table, column) in
        [("", "id"), ("a.b.c", "id"), ("erp.account", ""), ("erp.account\0", "id"), ("erp.", "id")]
    {
        let error = scope.insert_many(table, [column], [[&1_i64 as Value<'_>]]).await.unwrap_err();
        assert!(error.is_usage(), "{table:?}, {column:?}: {error}");
    }
    for (table, column, code) in [
        ("erp.no_table", "id", "42P01"),
        ("erp.account", "no_column", "42703"),
        ("erp.account\"; drop table erp.stage; --", "id", ""),
        ("account", "id", "42P01"),
    ] {
        let error = scope.insert_many(table, [column], [[&1_i64 as Value<'_>]]).await.unwrap_err();
        assert_eq!(error.code().map_or("", |code| code.code()), code, "{error}");
    }
    scope.query("select from erp.stage", &[]).await.unwrap();
}

/// One limit holds for all chunks together.
#[tokio::test]
async fn an_insert_that_takes_too_long_is_undone() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    admin
        .batch_execute(
            "create function erp.slow() returns trigger language plpgsql as $$ begin
                if new.id = 8 then perform pg_sleep(60); end if; return new; end $$;
             create trigger slow before insert on erp.account for each row execute function erp.slow();",
        )
        .await
        .unwrap();
    let pool = erp.pool(1).await;
    let scope = pool.tenant(tenant(1)).timeout(Duration::from_secs(1));
    let rows = accounts(0, 12);
    let into = scope.insert_into("erp.account", ["id", "tag"]).chunk_size(3);
    let error = into.rows(rows.iter().map(values)).await.unwrap_err();
    assert!(error.is_timeout() && !error.is_in_doubt(), "{error}");
    assert_eq!(count(&pool, 1).await, 0);
}
