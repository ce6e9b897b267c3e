//! What the server reports of a session by itself.

use tenantry::TenantContext;

use super::{backend, shared, ways};
use crate::support::erp::{Erp, tenant};
use crate::support::eventually;

#[tokio::test]
async fn a_setting_of_the_sessions_that_the_server_reports_meets_nobody_else() {
    for (strategy, mode) in ways() {
        let erp = Erp::new().await;
        let pool = shared(&erp, strategy, mode).await;
        for name in
            ["TimeZone", "application_name", "DateStyle", "IntervalStyle", "default_transaction_read_only"]
        {
            let value = match name {
                "TimeZone" => "Asia/Tokyo",
                "DateStyle" => "SQL, DMY",
                "IntervalStyle" => "sql_standard",
                "application_name" => "left behind",
                _ => "on",
            };
            let show = async || {
                let sql = format!("show {name}");
                pool.tenant(tenant(2)).query_typed_one(&sql, &[]).await.unwrap().get::<_, String>(0)
            };
            let before = show().await;
            assert_ne!(before, value);
            let set = format!("select set_config('{name}', '{value}', false)");
            pool.tenant(tenant(1)).query(&set, &[]).await.unwrap();
            assert_eq!(show().await, before, "{strategy:?}, {mode:?}");

            let tx = pool.tenant(tenant(1)).begin();
            tx.query(&set, &[]).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(show().await, before, "{strategy:?}, {mode:?}");
        }
    }
}

/// What ends with its transaction costs no connection, and neither does what was undone.
#[tokio::test]
async fn a_setting_of_a_transactions_costs_no_connection() {
    for (strategy, mode) in ways() {
        let erp = Erp::new().await;
        let pool = shared(&erp, strategy, mode).await;
        let before = backend(&pool).await;
        pool.tenant(tenant(1)).query("select set_config('TimeZone', 'Asia/Tokyo', true)", &[]).await.unwrap();
        let tx = pool.tenant(tenant(1)).begin();
        tx.execute("set local timezone = 'Asia/Tokyo'", &[]).await.unwrap();
        tx.query("select 1", &[]).await.unwrap();
        tx.commit().await.unwrap();
        // Rolled back by whoever comes last: the caller, and the drain.
        for abandoned in [false, true] {
            let tx = pool.tenant(tenant(1)).begin();
            tx.query("select set_config('TimeZone', 'Asia/Tokyo', false)", &[]).await.unwrap();
            if !abandoned {
                tx.rollback().await.unwrap();
            }
        }
        let context = TenantContext::new(tenant(1)).read_only();
        pool.tenant(context).query("select 1", &[]).await.unwrap();
        assert_eq!(backend(&pool).await, before, "{strategy:?}, {mode:?}");
    }
}

#[tokio::test]
async fn a_session_that_listens_is_ended_when_it_hears_something() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let listen =
        "create function erp.hear() returns void language plpgsql as $$ begin listen all_tenants; end $$;
        grant execute on function erp.hear() to tenantry_it_app";
    admin.batch_execute(listen).await.unwrap();
    for (strategy, mode) in ways() {
        let pool = shared(&erp, strategy, mode).await;
        let before = backend(&pool).await;
        pool.tenant(tenant(1)).query("select erp.hear()", &[]).await.unwrap();
        eventually("the session is ended", async || {
            admin.batch_execute("notify all_tenants, 'of another tenant'").await.unwrap();
            backend(&pool).await != before
        })
        .await;
    }
}
