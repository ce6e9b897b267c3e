//! The warning for statements that take long.

use std::time::Duration;

use tenantry::TenantVisibility;
use tracing::level_filters::LevelFilter;

use crate::support::erp::{Erp, tenant};
use crate::support::spans::{Seen, Spans};

const SLEEP: &str = "select pg_sleep(0.06), 'secret' from erp.account right join (select) one on true";

fn slow(spans: &Spans) -> Vec<Seen> {
    spans.events().into_iter().filter(|event| event.name == "tenantry::slow").collect()
}

#[tokio::test]
async fn a_slow_statement_is_warned_of_without_its_data() {
    let erp = Erp::new().await;
    let pool = erp.builder().slow_statement_after(Duration::from_millis(50)).build().await.unwrap();
    let (spans, _guard) = Spans::listen(LevelFilter::WARN);
    pool.tenant(tenant(1)).query(SLEEP, &[]).await.unwrap();
    let warned = slow(&spans);
    assert_eq!(warned.len(), 1);
    assert_eq!(warned[0].field("db.query.summary"), Some("SELECT erp.account"));
    assert_eq!(warned[0].field("tenantry.outcome"), Some("ok"));
    assert!(warned[0].field("took").is_some());
    let shown = |text: &str| warned[0].fields.values().any(|value| value.contains(text));
    assert!(!shown("secret") && !shown(&tenant(1).as_setting()));
}

#[tokio::test]
async fn the_warning_shows_text_and_tenant_to_who_asks_for_them() {
    let erp = Erp::new().await;
    let pool = erp
        .builder()
        .slow_statement_after(Duration::from_millis(50))
        .show_query_text()
        .tenant_visibility(TenantVisibility::Plain)
        .build()
        .await
        .unwrap();
    let (spans, _guard) = Spans::listen(LevelFilter::WARN);
    let tx = pool.tenant(tenant(1)).begin();
    tx.query(SLEEP, &[]).await.unwrap();
    tx.commit().await.unwrap();
    let warned = slow(&spans);
    assert_eq!(warned[0].field("db.query.text"), Some(SLEEP));
    assert_eq!(warned[0].field("tenantry.tenant"), Some(&*tenant(1).as_setting()));
}

#[tokio::test]
async fn nothing_is_warned_of_where_nobody_asked_or_in_time() {
    let erp = Erp::new().await;
    let (spans, _guard) = Spans::listen(LevelFilter::WARN);
    let pool = erp.pool(1).await;
    pool.tenant(tenant(1)).query(SLEEP, &[]).await.unwrap();
    let patient = erp.builder().slow_statement_after(Duration::from_mins(10)).build().await.unwrap();
    patient.tenant(tenant(1)).query(SLEEP, &[]).await.unwrap();
    assert!(slow(&spans).is_empty());
}
