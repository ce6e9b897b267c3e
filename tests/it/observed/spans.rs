//! Spans, for those who listen at DEBUG.

use futures_util::poll;
use std::pin::pin;
use tenantry::{TenantKey, TenantPool, TenantVisibility};
use tracing::level_filters::LevelFilter;
use tracing::{Instrument, info_span};

use crate::support::erp::{Erp, open_accounts, tenant};
use crate::support::spans::{Seen, Spans};

const READ: &str = "select id from erp.account where tag <> 'secret' and id = $1";

/// A pool with one connection and an account, and who listens from now on.
async fn listened(
    build: impl FnOnce(tenantry::TenantPoolBuilder) -> tenantry::TenantPoolBuilder,
) -> (Erp, TenantPool, Spans, tracing::subscriber::DefaultGuard) {
    let erp = Erp::new().await;
    let pool = build(erp.builder().max_size(1)).build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 1).await;
    let (spans, guard) = Spans::listen(LevelFilter::DEBUG);
    (erp, pool, spans, guard)
}

fn shows(span: &Seen, text: &str) -> bool {
    span.fields.values().any(|value| value.contains(text))
}

#[tokio::test]
async fn a_statement_has_a_span_with_the_conventions_names_and_no_data() {
    let (erp, pool, spans, _guard) = listened(|builder| builder).await;
    let request = info_span!("request");
    pool.tenant(tenant(1)).query_one(READ, &[&1_i64]).instrument(request.clone()).await.unwrap();
    drop(request);
    let statement = spans.only("statement");
    let port = erp.address().port().to_string();
    for (name, value) in [
        ("otel.kind", "client"),
        ("otel.name", "SELECT erp.account"),
        ("db.system.name", "postgresql"),
        ("db.namespace", erp.database.name()),
        ("db.operation.name", "SELECT"),
        ("db.query.summary", "SELECT erp.account"),
        ("server.address", "127.0.0.1"),
        ("server.port", port.as_str()),
        ("tenantry.outcome", "ok"),
    ] {
        assert_eq!(statement.field(name), Some(value), "{name}: {statement:#?}");
    }
    for none in ["db.query.text", "tenantry.tenant", "db.response.status_code", "error.type"] {
        assert_eq!(statement.field(none), None, "{none}");
    }
    assert!(statement.closed);
    assert_eq!(spans.parent(&statement).as_deref(), Some("request"));
    let checkout = spans.only("checkout");
    assert_eq!(spans.parent(&checkout).as_deref(), Some("statement"));
    assert_eq!(checkout.field("db.client.connection.pool.name"), Some("tenants"));
    let data = tenant(1).as_setting();
    assert!(spans.all().iter().all(|span| !shows(span, &data) && !shows(span, "secret")));
}

#[tokio::test]
async fn who_asks_for_info_alone_gets_no_spans() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let (spans, _guard) = Spans::listen(LevelFilter::INFO);
    pool.tenant(tenant(1)).query(READ, &[&1_i64]).await.unwrap();
    pool.tenant(tenant(1)).begin().commit().await.unwrap();
    assert!(spans.all().is_empty());
}

#[tokio::test]
async fn a_failed_statement_tells_its_sqlstate() {
    let (_erp, pool, spans, _guard) = listened(|builder| builder).await;
    pool.tenant(tenant(1)).query("select 1 / 0", &[]).await.unwrap_err();
    let statement = spans.only("statement");
    for (name, value) in [
        ("db.response.status_code", "22012"),
        ("error.type", "22012"),
        ("otel.status_code", "ERROR"),
        ("tenantry.outcome", "22"),
    ] {
        assert_eq!(statement.field(name), Some(value), "{name}");
    }
    pool.tenant(1_i64).query("select 1", &[]).await.unwrap_err();
    let refused = spans.named("statement").pop().unwrap();
    assert_eq!(refused.field("error.type"), Some("usage"));
    assert_eq!(refused.field("db.response.status_code"), None);
}

#[tokio::test]
async fn the_statements_of_a_transaction_are_in_its_span() {
    let (_erp, pool, spans, _guard) = listened(|builder| builder).await;
    let scope = pool.tenant(tenant(1));
    async {
        let tx = scope.begin();
        tx.query(READ, &[&1_i64]).await.unwrap();
        let prepared = tx.prepare("update erp.account set balance = $1").await.unwrap();
        tx.execute(&prepared, &[&1_i64]).await.unwrap();
        async { tx.query(READ, &[&1_i64]).await.unwrap() }.instrument(info_span!("within")).await;
        tx.commit().await.unwrap();
    }
    .instrument(info_span!("request"))
    .await;
    let transaction = spans.only("transaction");
    assert_eq!(spans.parent(&transaction).as_deref(), Some("request"));
    assert_eq!(transaction.field("tenantry.outcome"), Some("ok"));
    let told = |span: &Seen| (span.field("otel.name").unwrap().to_owned(), spans.parent(span).unwrap());
    let statements: Vec<_> = spans.named("statement").iter().map(told).collect();
    let expected = [
        ("SELECT erp.account", "transaction"),
        ("UPDATE erp.account", "transaction"),
        ("SELECT erp.account", "within"),
        ("COMMIT", "transaction"),
    ];
    assert_eq!(statements, expected.map(|(name, parent)| (name.to_owned(), parent.to_owned())));
}

#[tokio::test]
async fn a_transaction_tells_how_it_ended() {
    let (_erp, pool, spans, _guard) = listened(|builder| builder).await;
    let scope = pool.tenant(tenant(1));
    let tx = scope.begin();
    tx.query(READ, &[&1_i64]).await.unwrap();
    tx.rollback().await.unwrap();
    let tx = scope.begin();
    tx.query(READ, &[&1_i64]).await.unwrap();
    drop(tx);
    let tx = scope.begin();
    tx.query("select 1 / 0", &[]).await.unwrap_err();
    tx.commit().await.unwrap_err();
    let outcomes: Vec<_> = spans
        .named("transaction")
        .iter()
        .map(|span| span.field("tenantry.outcome").unwrap().to_owned())
        .collect();
    assert_eq!(outcomes, ["rolled_back", "abandoned", "22"]);
}

#[tokio::test]
async fn a_tenant_is_shown_as_was_asked_for() {
    for (visibility, shown) in
        [(TenantVisibility::Plain, Some(tenant(1).as_setting())), (TenantVisibility::Hidden, None)]
    {
        let (_erp, pool, spans, _guard) = listened(|builder| builder.tenant_visibility(visibility)).await;
        pool.tenant(tenant(1)).query(READ, &[&1_i64]).await.unwrap();
        let tx = pool.tenant(tenant(1)).begin();
        tx.query(READ, &[&1_i64]).await.unwrap();
        tx.commit().await.unwrap();
        let of = |name: &str| {
            spans.named(name).iter().all(|span| span.field("tenantry.tenant") == shown.as_deref())
        };
        assert!(of("statement") && of("transaction"), "{:#?}", spans.all());
    }
    let key = TenantKey::new(&[7; 32]).unwrap();
    let hashed =
        |builder: tenantry::TenantPoolBuilder| builder.tenant_visibility(TenantVisibility::Hashed(key));
    let (_erp, pool, spans, _guard) = listened(hashed).await;
    for n in [1, 1, 2] {
        pool.tenant(tenant(n)).query(READ, &[&1_i64]).await.unwrap();
    }
    let hashes: Vec<_> = spans
        .named("statement")
        .iter()
        .map(|span| span.field("tenantry.tenant").unwrap().to_owned())
        .collect();
    assert!(hashes[0] == hashes[1] && hashes[1] != hashes[2] && hashes.iter().all(|hash| hash.len() == 16));
}

#[tokio::test]
async fn work_across_tenants_tells_its_reason() {
    let (_erp, pool, spans, _guard) = listened(|builder| builder).await;
    pool.system("nightly: totals").unwrap().query("select count(*) from erp.account", &[]).await.unwrap();
    let statement = spans.only("statement");
    assert_eq!(statement.field("tenantry.system.reason"), Some("nightly: totals"));
    assert_eq!(spans.only("checkout").field("db.client.connection.pool.name"), Some("system"));
}

#[tokio::test]
async fn the_drain_is_in_the_span_of_what_was_dropped() {
    let (_erp, pool, spans, _guard) = listened(|builder| builder).await;
    {
        let scope = pool.tenant(tenant(1));
        let mut running = pin!(scope.query("select pg_sleep(0.05)", &[]));
        while spans.named("checkout").iter().all(|span| !span.closed) {
            assert!(poll!(&mut running).is_pending());
        }
        assert!(poll!(&mut running).is_pending());
    }
    // The only connection is there again once the drain is done with it.
    pool.tenant(tenant(1)).query(READ, &[&1_i64]).await.unwrap();
    let drain = spans.only("drain");
    assert_eq!(spans.parent(&drain).as_deref(), Some("statement"));
    assert_eq!(drain.field("tenantry.drain.result"), Some("clean"));
    assert_eq!(spans.named("statement")[0].field("tenantry.outcome"), Some("abandoned"));
    let tx = pool.tenant(tenant(1)).begin();
    tx.query(READ, &[&1_i64]).await.unwrap();
    drop(tx);
    pool.tenant(tenant(1)).query(READ, &[&1_i64]).await.unwrap();
    let drain = spans.named("drain").pop().unwrap();
    assert_eq!(spans.parent(&drain).as_deref(), Some("transaction"));
}

#[tokio::test]
async fn another_attempt_has_a_span() {
    let (_erp, pool, spans, _guard) = listened(|builder| builder).await;
    let mut attempts = 0;
    let scope = pool.tenant(tenant(1));
    scope
        .transact(|tx| {
            attempts += 1;
            let fails = attempts == 1;
            async move {
                if fails {
                    let sql = "do $$ begin raise exception 'again' using errcode = '40001'; end $$";
                    tx.execute(sql, &[]).await?;
                }
                tx.query(READ, &[&1_i64]).await
            }
        })
        .await
        .unwrap();
    let retry = spans.only("retry");
    assert_eq!(retry.field("db.response.status_code"), Some("40001"));
    assert_eq!(retry.field("tenantry.attempt"), Some("1"));
    let outcomes = spans.named("transaction");
    let outcomes: Vec<_> = outcomes.iter().map(|span| span.field("tenantry.outcome").unwrap()).collect();
    assert_eq!(outcomes, ["rolled_back", "ok"]);
}

#[tokio::test]
async fn a_stream_is_watched_until_its_last_row() {
    let (_erp, pool, spans, _guard) = listened(|builder| builder).await;
    let scope = pool.tenant(tenant(1));
    let outcome = |at: usize| spans.named("statement")[at].field("tenantry.outcome").map(str::to_owned);
    let mut rows = scope.query_raw("select generate_series(1, 3)", &[]).await.unwrap();
    assert!(rows.try_next().await.unwrap().is_some());
    assert_eq!(outcome(0), None);
    while rows.try_next().await.unwrap().is_some() {}
    assert_eq!(outcome(0).as_deref(), Some("ok"));
    let mut rows = scope.query_raw("select 1 / (3 - g) from generate_series(1, 3) g", &[]).await.unwrap();
    while let Ok(Some(_)) = rows.try_next().await {}
    assert_eq!(outcome(1).as_deref(), Some("22"));
    drop(scope.query_raw("select generate_series(1, 3)", &[]).await.unwrap());
    assert_eq!(outcome(2).as_deref(), Some("abandoned"));
}

#[tokio::test]
async fn what_is_no_single_statement_has_a_span_too() {
    let (_erp, pool, spans, _guard) = listened(|builder| builder).await;
    let scope = pool.tenant(tenant(1));
    let mut data = scope.copy_out("copy erp.account (id) to stdout").await.unwrap();
    while data.try_next().await.unwrap().is_some() {}
    let mut batch = tenantry::Batch::new();
    batch.add(READ, &[&1_i64]).add(READ, &[&2_i64]);
    scope.batch(&batch).await.unwrap();
    scope.batch_each(&batch).await.unwrap();
    let rows = [[&2_i64 as &(dyn tenantry::types::ToSql + Sync), &""]];
    scope.insert_many("erp.account", ["id", "tag"], rows).await.unwrap();
    let told = spans.named("statement");
    let told: Vec<_> =
        told.iter().map(|span| (span.field("otel.name"), span.field("tenantry.outcome"))).collect();
    let names = ["COPY erp.account", "BATCH", "BATCH", "INSERT erp.account"];
    assert_eq!(told, names.map(|name| (Some(name), Some("ok"))));
    assert!(spans.named("transaction").is_empty(), "none of them is begun by the caller");
}

#[tokio::test]
async fn the_text_is_shown_to_who_asks_for_it() {
    let (_erp, pool, spans, _guard) = listened(tenantry::TenantPoolBuilder::show_query_text).await;
    pool.tenant(tenant(1)).query(READ, &[&1_i64]).await.unwrap();
    assert_eq!(spans.only("statement").field("db.query.text"), Some(READ));
}

#[tokio::test]
async fn a_connection_that_is_opened_has_a_span() {
    let erp = Erp::new().await;
    let (spans, _guard) = Spans::listen(LevelFilter::DEBUG);
    erp.builder().name("erp").max_size(1).build().await.unwrap();
    let pools: Vec<_> = spans
        .named("connect")
        .iter()
        .map(|span| span.field("db.client.connection.pool.name").unwrap().to_owned())
        .collect();
    assert_eq!(pools, ["erp", "erp-system"]);
}
