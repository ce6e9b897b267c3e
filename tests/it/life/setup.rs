//! What is done once on each new connection, and what a hook cannot do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tenantry::TenantPool;
use tokio::time::timeout;

use super::LIMIT;
use crate::support::erp::{Erp, tenant};

async fn shown(pool: &TenantPool, setting: &str) -> String {
    pool.tenant(tenant(1)).query_one("select current_setting($1)", &[&setting]).await.unwrap().get(0)
}

#[tokio::test]
async fn each_connection_is_set_up_before_anybody_gets_it() {
    let erp = Erp::new().await;
    let builder = erp.builder().max_size(2).on_connect(|setup| {
        Box::pin(async {
            setup.execute("set timezone = 'Asia/Dhaka'; set work_mem = '9MB'").await?;
            setup.execute("begin; set local work_mem = '10MB'").await
        })
    });
    let pool = builder.build().await.unwrap();
    let held = pool.tenant(tenant(1)).begin();
    held.query("select 1", &[]).await.unwrap();
    for _ in 0..2 {
        // The second connection is another one.
        assert_eq!(shown(&pool, "timezone").await, "Asia/Dhaka");
        assert_eq!(shown(&pool, "work_mem").await, "9MB");
    }
    held.commit().await.unwrap();
    let system = pool.system("to look").unwrap();
    let row = system.query_one("select current_setting('timezone')", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "Asia/Dhaka");
    assert_eq!(pool.status().size, 2, "a connection that was set up is used again");
}

#[tokio::test]
async fn a_hook_cannot_preset_the_tenant() {
    let erp = Erp::new().await;
    let preset = "set app.tenant_id = '01010101-0101-0101-0101-010101010101'";
    let hidden = r#"set "app"."tenant_id" = '01010101-0101-0101-0101-010101010101'"#;
    let built =
        |sql: &'static str| erp.builder().on_connect(move |setup| Box::pin(setup.execute(sql))).build();
    let error = built(preset).await.unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("app.tenant_id"), "{error}");
    let error = built(hidden).await.unwrap_err();
    assert!(error.is_role_refused() && error.to_string().contains("before any tenant is bound"), "{error}");
}

#[tokio::test]
async fn a_hook_that_fails_is_the_error_of_whoever_wanted_the_connection() {
    let erp = Erp::new().await;
    let error =
        erp.builder().on_connect(|setup| Box::pin(setup.execute("set no_such_setting = 1"))).build().await;
    let error = error.unwrap_err();
    assert_eq!(error.code().map(|code| code.code()), Some("42704"));
    assert!(error.to_string().starts_with("the set-up of the connection failed"), "{error}");
    let own =
        erp.builder().on_connect(|_| Box::pin(async { Err(tenantry::TenantId::text("").unwrap_err()) }));
    assert!(own.build().await.unwrap_err().is_usage());
}

#[tokio::test]
async fn a_hook_that_panics_is_an_error_and_no_loop_of_openings() {
    let erp = Erp::new().await;
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let builder = erp.builder().max_size(2).on_connect(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { panic!("a fault of the service's own") })
    });
    let error = timeout(LIMIT, builder.build()).await.expect("it hangs").unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("panic"), "{error}");
    assert!(asked.load(Ordering::Relaxed) <= 2, "{asked:?}");
}
