//! The id of a trace reaches the server with the context.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tenantry::{Statements, TraceCarrier};

use crate::support::erp::{Erp, tenant};

const NAME: &str = "select current_setting('application_name')";
const ID: &str = "select coalesce(nullif(current_setting('tenantry.trace_id', true), ''), 'none')";

async fn told(db: &Statements, sql: &str) -> String {
    db.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn each_scope_carries_the_trace_of_its_own() {
    let erp = Erp::new().await;
    for (carrier, sql) in [(TraceCarrier::ApplicationName, NAME), (TraceCarrier::Setting, ID)] {
        let made = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&made);
        let next = move || Some(format!("trace-{}", count.fetch_add(1, Ordering::Relaxed)));
        let pool = erp.builder().max_size(1).trace_id(carrier, next).build().await.unwrap();
        let scope = pool.tenant(tenant(1));
        assert_eq!(told(&scope, sql).await, "trace-0");
        assert_eq!(told(&scope, sql).await, "trace-0");
        assert_eq!(told(&pool.tenant(tenant(2)), sql).await, "trace-1");
        let tx = pool.tenant(tenant(2)).begin();
        assert_eq!(told(&tx, sql).await, "trace-2");
        tx.commit().await.unwrap();
        assert_eq!(told(&pool.system("a report").unwrap(), sql).await, "trace-3");
        // No text differs, so nothing is prepared anew.
        let prepared = "select count(*) from pg_prepared_statements where statement = $1";
        let statement: &(dyn tenantry::types::ToSql + Sync) = &sql;
        let row = pool.tenant(tenant(1)).query_one(prepared, &[statement]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), 1);
    }
}

#[tokio::test]
async fn without_a_trace_nothing_is_carried_and_nothing_stays_behind() {
    let erp = Erp::new().await;
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let once = move || (count.fetch_add(1, Ordering::Relaxed) == 0).then(|| "first".to_owned());
    let pool = erp.builder().max_size(1).trace_id(TraceCarrier::Setting, once).build().await.unwrap();
    assert_eq!(told(&pool.tenant(tenant(1)), ID).await, "first");
    assert_eq!(told(&pool.tenant(tenant(1)), ID).await, "none");
    let pool = erp
        .builder()
        .max_size(1)
        .trace_id(TraceCarrier::Setting, || Some("a\0b".to_owned()))
        .build()
        .await
        .unwrap();
    assert_eq!(told(&pool.tenant(tenant(1)), ID).await, "none");
}
