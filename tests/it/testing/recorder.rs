//! What a service's test can tell of its statements.

use tenantry::testing::{self, Recorder};

use crate::support::erp::{Erp, tenant};

#[tokio::test]
async fn a_recorder_tells_what_ran_as_whom() {
    let erp = Erp::new().await;
    let recorder = Recorder::new();
    let pool = erp.builder().max_size(2).recorder(&recorder).build().await.unwrap();
    let count = "select count(*) from erp.account";
    pool.tenant(tenant(1)).query(count, &[]).await.unwrap();
    let tx = pool.tenant(tenant(2)).begin();
    tx.query(count, &[]).await.unwrap();
    tx.query("select 1 / 0", &[]).await.unwrap_err();
    tx.rollback().await.unwrap();
    pool.system("totals").unwrap().execute_typed(count, &[]).await.unwrap();
    pool.tenant(1_i64).query(count, &[]).await.unwrap_err();
    drop(pool.tenant(tenant(3)).query_raw(count, &[]).await.unwrap());
    let ran: Vec<_> = recorder
        .take()
        .into_iter()
        .map(|ran| (ran.tenant, ran.reason, ran.sql.unwrap(), ran.transaction, ran.outcome))
        .collect();
    let one = |n, sql: &str, transaction, outcome: &str| {
        (Some(tenant(n)), None, sql.to_owned(), transaction, outcome.to_owned())
    };
    let expected = [
        one(1, count, None, "ok"),
        one(2, count, Some(1), "ok"),
        one(2, "select 1 / 0", Some(1), "22012"),
        one(2, "ROLLBACK", Some(1), "ok"),
        (None, Some("totals".to_owned()), count.to_owned(), None, "ok".to_owned()),
        (None, None, count.to_owned(), None, "usage".to_owned()),
        one(3, count, None, "abandoned"),
    ];
    assert_eq!(ran, expected);
    assert!(recorder.take().is_empty());
}

#[test]
fn an_error_can_be_made_of_any_sqlstate() {
    let made = |code| testing::error(code, "made for a test");
    assert!(made("40001").is_retryable() && made("57014").is_canceled() && made("42501").is_denied());
    assert!(
        !made("23505").is_retryable() && !made("23505").is_usage() && !made("23505").is_connection_lost()
    );
    assert_eq!(made("23505").code().unwrap().code(), "23505");
    assert_eq!(made("23505").to_string(), "the statement failed: made for a test (SQLSTATE 23505)");
    assert!(made(tenantry::NO_TENANT).is_no_tenant());
}
