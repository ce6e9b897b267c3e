//! Cancel requests from another task.

use crate::support::erp::{Erp, tenant};
use crate::support::eventually;
use crate::transactions::{backend, code};

#[tokio::test]
async fn a_token_cancels_what_runs_and_nothing_after_the_end() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let pool = erp.pool(1).await;
    let before = backend(&pool).await;

    let tx = pool.tenant(tenant(1)).begin();
    let token = tx.cancel_token();
    token.cancel().await.unwrap();
    let canceling = tokio::spawn(async move {
        eventually("the statement runs", async || {
            let running = "select count(*) from pg_stat_activity
                where datname = current_database() and state = 'active' and query = 'select pg_sleep(60)'";
            admin.query_one(running, &[]).await.unwrap().get::<_, i64>(0) == 1
        })
        .await;
        token.cancel().await.unwrap();
        token
    });
    let error = tx.query("select pg_sleep(60)", &[]).await.unwrap_err();
    assert!(error.is_canceled(), "{error}");
    let token = canceling.await.unwrap();
    assert_eq!(code(&tx.commit().await.unwrap_err()), "57014");
    let next = backend(&pool).await;
    assert_ne!(next, before, "a late cancel request could have met the next tenant");

    // After the end it neither reaches nor retires the connection.
    token.cancel().await.unwrap();
    let tx = pool.tenant(tenant(1)).begin();
    let token = tx.cancel_token();
    tx.query("select 1", &[]).await.unwrap();
    tx.commit().await.unwrap();
    token.cancel().await.unwrap();
    assert_eq!(backend(&pool).await, next);
}
