//! What is no replica of the primary's is not read from.

use std::time::Duration;

use tenantry::{Error, TenantPool};

use super::{Pair, port_of, reads};
use crate::support::erp::{APP, Erp};

async fn refusal(pool: Result<TenantPool, Error>) -> String {
    let error = pool.expect_err("the pool was built");
    let line = error.to_string();
    assert!(!line.contains("it's a test") && !line.contains('\n') && !line.ends_with('.'), "{line}");
    line
}

#[tokio::test]
async fn a_server_that_is_no_standby_or_of_another_cluster_is_refused() {
    let pair = Pair::shared().await;
    let primary = pair.builder().replica_url(&pair.erp.app_url()).build().await;
    assert_eq!(
        refusal(primary).await,
        "the server that is named as a replica is no standby; name one that replays the primary's write-ahead log"
    );
    let other = Erp::new().await;
    let cluster = other.builder().replica_url(&pair.replica_url()).build().await;
    assert_eq!(
        refusal(cluster).await,
        "the server that is named as a replica belongs to another cluster than the primary, by its \
         system_identifier; name a standby of the primary"
    );
    // Found later, it costs a warning and nothing else.
    let lazy = other.builder().replica_url(&pair.replica_url()).build_lazy().unwrap();
    for _ in 0..2 {
        assert_eq!(port_of(&lazy, reads(1)).await, other.address().port());
    }
}

#[tokio::test]
async fn a_role_that_is_refused_on_the_replica_is_refused() {
    let pair = Pair::shared().await;
    let url = format!("{}?options=-c%20app.tenant_id%3Dx", pair.replica_url());
    let error = pair.erp.builder().replica_url(&url).build().await.unwrap_err();
    assert!(error.is_role_refused(), "{error}");
    assert!(error.to_string().contains("cannot open a replica of a tenant pool: "), "{error}");
    let wrong = pair.replica_url().replace("test@", "other@");
    assert_ne!(wrong, pair.replica_url());
    let error = pair.erp.builder().replica_url(&wrong).build().await.unwrap_err();
    assert_eq!(error.code().map(|code| code.code()), Some("28P01"), "{error}");
    let superuser = pair
        .erp
        .database
        .url()
        .replace(&format!(":{}/", pair.primary_port()), &format!(":{}/", pair.standby.port()));
    assert!(pair.erp.builder().replica_url(&superuser).build().await.unwrap_err().is_role_refused());
}

#[tokio::test]
async fn what_tells_a_cluster_may_be_revoked_and_is_then_asked_for() {
    let pair = Pair::alone(&[]).await;
    let admin = pair.erp.admin().await;
    admin.batch_execute("revoke execute on function pg_control_system() from public").await.unwrap();
    pair.catch_up().await;
    let error = pair.builder().build().await.unwrap_err();
    assert!(
        error.to_string().contains("GRANT EXECUTE ON FUNCTION pg_control_system() to the role"),
        "{error}"
    );
    // Who has no replicas need not tell.
    pair.erp.pool(1).await;
    admin.batch_execute("grant execute on function pg_control_system() to public").await.unwrap();
    pair.catch_up().await;
    pair.builder().build().await.unwrap();
    let serializable = format!("alter role {APP} set default_transaction_isolation = 'serializable'");
    admin.batch_execute(&serializable).await.unwrap();
    pair.catch_up().await;
    let error = pair.builder().build().await.unwrap_err();
    assert!(
        error.to_string().starts_with("transactions of the role are serializable by default, "),
        "{error}"
    );
}

#[tokio::test]
async fn settings_that_serve_nobody_are_refused_before_anything_is_sent() {
    let pair = Pair::shared().await;
    let several = pair.replica_url().replace("127.0.0.1", "127.0.0.1,localhost");
    for builder in [
        pair.builder().replica_max_size(0),
        pair.builder().replica_url(&several),
        pair.builder().replica_url("postgresql:///erp"),
        pair.builder().credentials(tenantry::PasswordFile::new("/nowhere")),
    ] {
        let error = builder.build().await.unwrap_err();
        assert!(error.is_usage() && !error.to_string().contains("test"), "{error}");
    }
}

/// A service starts without its replicas.
#[tokio::test]
async fn a_replica_that_cannot_be_reached_keeps_no_pool_from_its_work() {
    let pair = Pair::shared().await;
    let pool = pair.erp.builder().replica_url(&pair.erp.app_url_through(1)).build().await.unwrap();
    for _ in 0..3 {
        assert_eq!(port_of(&pool, reads(1)).await, pair.primary_port());
    }
    pool.ready(Duration::ZERO).await.unwrap();
    let error = pool.tenant(reads(1).replica_only()).query("select 1", &[]).await.unwrap_err();
    assert!(error.is_replica_unavailable(), "{error}");
    assert_eq!(
        error.to_string(),
        "no replica can serve what may run nowhere else: none of them can be connected to, for reasons that the log tells"
    );
    // With one that is there beside it, that one serves.
    let pool = pair.builder().replica_url(&pair.erp.app_url_through(1)).build().await.unwrap();
    for _ in 0..3 {
        assert_eq!(port_of(&pool, reads(1).replica_only()).await, pair.standby.port());
    }
}
