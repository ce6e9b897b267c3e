//! What runs on a replica, and what on the primary.

use tenantry::{Batch, IsolationLevel, TenantPool};

use super::{PORT, Pair, accounts, port, port_of, reads};
use crate::support::erp::{APP, PASSWORD, open_accounts, tenant};
use crate::support::eventually;
use crate::support::pgbouncer::PgBouncer;

#[tokio::test]
async fn what_only_reads_runs_on_the_replica_and_all_else_on_the_primary() {
    let pair = Pair::shared().await;
    let pool = pair.builder().build().await.unwrap();
    let (primary, replica) = (pair.primary_port(), pair.standby.port());
    for _ in 0..3 {
        assert_eq!(port_of(&pool, reads(1)).await, replica);
        assert_eq!(port(&pool.tenant(tenant(1))).await.unwrap(), primary);
    }
    for level in [IsolationLevel::ReadCommitted, IsolationLevel::RepeatableRead] {
        assert_eq!(port_of(&pool, reads(1).isolation_level(level)).await, replica);
    }
    assert_eq!(port_of(&pool, reads(1).isolation_level(IsolationLevel::Serializable)).await, primary);
    assert_eq!(port_of(&pool, reads(1).deferrable()).await, replica);
    let snapshot = reads(1).isolation_level(IsolationLevel::Serializable).deferrable();
    assert_eq!(port_of(&pool, snapshot).await, primary);
    assert_eq!(port_of(&pool, reads(1).primary_only()).await, primary);
    assert_eq!(port_of(&pool, reads(1).replica_only()).await, replica);
    assert_eq!(port(&pool.unbound()).await.unwrap(), primary);
    assert_eq!(port(&pool.system("to see where it runs").unwrap()).await.unwrap(), primary);
    open_accounts(&pool, &tenant(1), 1, 3).await;
    pair.catch_up().await;
    assert_eq!(accounts(&pool.tenant(reads(1))).await.unwrap(), [1, 2, 3]);
    let error = pool.tenant(reads(1)).execute("delete from erp.account", &[]).await.unwrap_err();
    assert_eq!(error.code().map(|code| code.code()), Some("25006"));
    assert_eq!(pool.replica_status().len(), 1);
    assert!(pool.replica_status()[0].size > 0);
}

#[tokio::test]
async fn without_replicas_a_context_for_them_is_refused_and_others_read_from_the_primary() {
    let pair = Pair::shared().await;
    let pool = pair.erp.pool(2).await;
    assert_eq!(port_of(&pool, reads(1)).await, pair.primary_port());
    let error = pool.tenant(reads(1).replica_only()).query(PORT, &[]).await.unwrap_err();
    assert!(error.is_usage(), "{error}");
    assert!(pool.replica_status().is_empty());
    let position = pool.tenant(tenant(1)).wal_position().await.unwrap();
    assert_eq!(port_of(&pool, reads(1).no_staler_than(position)).await, pair.primary_port());
}

#[tokio::test]
async fn two_replicas_share_the_reads() {
    let pair = Pair::shared().await;
    // One server by two names is as good as two servers here.
    let url = pair.replica_url().replace("127.0.0.1", "localhost");
    let pool = pair.builder().replica_url(&url).replica_max_size(3).build().await.unwrap();
    let status = pool.replica_status();
    assert_eq!(status.iter().map(|status| status.max_size).collect::<Vec<_>>(), [3, 3]);
    let open: Vec<_> = (1..=6).map(|n| pool.tenant(reads(n)).begin()).collect();
    for tx in &open {
        assert_eq!(port(tx).await.unwrap(), pair.standby.port());
    }
    // The fewest in use first, so that both are full and nobody has waited.
    for status in pool.replica_status() {
        assert_eq!((status.size, status.available), (3, 0));
    }
    for tx in open {
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_pool_that_is_refreshed_or_closed_takes_its_replicas_along() {
    let pair = Pair::shared().await;
    let pool = pair.builder().build().await.unwrap();
    let standby = pair.on_standby().await;
    let database = pair.erp.database.name().to_string();
    let connected = async || -> i64 {
        let sql = "select count(*) from pg_stat_activity where datname = $1 and usename = $2";
        standby.query_one(sql, &[&database.trim_matches('"'), &APP]).await.unwrap().get(0)
    };
    let backend = "select pg_backend_pid()";
    let pid = async || -> i32 { pool.tenant(reads(1)).query_one(backend, &[]).await.unwrap().get(0) };
    let before = pid().await;
    assert_eq!(pid().await, before);
    pool.refresh();
    assert_ne!(pid().await, before);
    pool.ready(std::time::Duration::ZERO).await.unwrap();
    assert_eq!(pool.close().await.cut_off, 0);
    eventually("nobody is connected to the replica", async || connected().await == 0).await;
    assert!(pool.tenant(reads(1)).query(PORT, &[]).await.unwrap_err().is_pool_closed());
}

/// Without a connection of the primary's, nobody knows of which cluster it is.
#[tokio::test]
async fn a_pool_that_is_built_without_a_connection_reads_from_replicas_once_the_primary_was_seen() {
    let pair = Pair::shared().await;
    let pool = pair.builder().build_lazy().unwrap();
    assert_eq!(port_of(&pool, reads(1)).await, pair.standby.port());
    let gone = TenantPool::builder(&pair.erp.app_url_through(1))
        .wait_timeout(std::time::Duration::ZERO)
        .replica_url(&pair.replica_url());
    let error = gone.build_lazy().unwrap().tenant(reads(1)).query(PORT, &[]).await.unwrap_err();
    assert!(error.is_connection_lost(), "{error}");
}

#[tokio::test]
async fn through_a_pooler_replicas_serve_what_asks_for_no_position() {
    let pair = Pair::shared().await;
    let standby = std::net::SocketAddr::from(([127, 0, 0, 1], pair.standby.port()));
    let bouncer = PgBouncer::start(standby).await;
    let url = pair.erp.app_url_through(bouncer.address().port());
    let pool = pair.erp.builder().replica_url(&url).build().await.unwrap();
    assert_eq!(port_of(&pool, reads(1)).await, pair.standby.port());
    let position = pool.tenant(tenant(1)).wal_position().await.unwrap();
    assert_eq!(port_of(&pool, reads(1).no_staler_than(position)).await, pair.primary_port());
    let mut batch = Batch::new();
    batch.add(PORT, &[]);
    let ran = pool.tenant(reads(1)).batch(&batch).await.unwrap();
    assert_eq!(ran[0].rows[0].get::<_, i32>(0), i32::from(pair.standby.port()));
    let error =
        pool.tenant(reads(1).replica_only().no_staler_than(position)).query(PORT, &[]).await.unwrap_err();
    assert!(error.is_replica_unavailable() && error.to_string().contains("pooler"), "{error}");
}

/// What libpq's variables say of the role counts for replicas too, and what they say of the primary's place does not.
#[tokio::test]
async fn the_environment_names_replicas_one_a_line() {
    let pair = Pair::shared().await;
    let primary = pair.erp.app_url();
    let config: tenantry::Config = primary.parse().unwrap();
    let database = config.get_dbname().unwrap().to_owned();
    let replicas = format!(
        "postgresql://127.0.0.1:{port}/{database}\n\n  host=localhost port={port} dbname={database}\n",
        port = pair.standby.port()
    );
    let variables = |name: &str| {
        let value = match name {
            "ERP_DATABASE_REPLICA_URL" => replicas.clone(),
            "PGHOST" => "127.0.0.1".to_owned(),
            "PGHOSTADDR" => "127.0.0.1".to_owned(),
            "PGPORT" => pair.primary_port().to_string(),
            "PGDATABASE" => database.clone(),
            "PGUSER" => APP.to_owned(),
            "PGPASSWORD" => PASSWORD.to_owned(),
            "PGTARGETSESSIONATTRS" => "read-write".to_owned(),
            _ => return None,
        };
        Some(value.into())
    };
    let pool = TenantPool::from_variables("ERP_", variables).unwrap().build().await.unwrap();
    assert_eq!(pool.replica_status().len(), 2);
    for _ in 0..2 {
        assert_eq!(port_of(&pool, reads(1).replica_only()).await, pair.standby.port());
    }
    assert_eq!(port(&pool.tenant(tenant(1))).await.unwrap(), pair.primary_port());
    let both = |name: &str| match name {
        "DATABASE_REPLICA_URL" | "DATABASE_REPLICA_URL_FILE" => Some("/nowhere".into()),
        "DATABASE_URL" => Some(primary.clone().into()),
        _ => None,
    };
    let error = TenantPool::from_variables("", both).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("DATABASE_REPLICA_URL_FILE"), "{error}");
}
