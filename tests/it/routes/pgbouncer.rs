//! PgBouncer as the tests run it.

use tenantry::{StatementMode, Strategy};
use tokio::net::TcpStream;
use tokio_postgres::NoTls;

use crate::support::erp::{Erp, tenant};
use crate::support::pgbouncer::{PgBouncer, SERVER_CONNECTIONS};

/// Without this, the tests behind it would show little.
#[tokio::test]
async fn clients_take_turns_on_fewer_connections_to_the_server() {
    let erp = Erp::new().await;
    let pgbouncer = PgBouncer::start(erp.address()).await;
    let clients = 3 * SERVER_CONNECTIONS;
    let mut connected = Vec::new();
    for _ in 0..clients {
        let (client, connection) =
            tokio_postgres::connect(&erp.app_url_through(pgbouncer.address().port()), NoTls).await.unwrap();
        tokio::spawn(connection);
        connected.push(client);
    }
    for _ in 0..3 {
        let sleeps = connected.iter().map(|client| client.batch_execute("select pg_sleep(0.01)"));
        futures_util::future::try_join_all(sleeps).await.unwrap();
    }
    assert_eq!(pgbouncer.clients().await, clients);
    assert_eq!(pgbouncer.servers().await, SERVER_CONNECTIONS);
}

#[tokio::test]
async fn it_ends_with_its_test() {
    let erp = Erp::new().await;
    let pgbouncer = PgBouncer::start(erp.address()).await;
    let (address, folder) = (pgbouncer.address(), pgbouncer.folder().to_owned());
    assert!(TcpStream::connect(address).await.is_ok() && folder.exists());
    drop(pgbouncer);
    assert!(TcpStream::connect(address).await.is_err(), "it listens still");
    assert!(!folder.exists());
}

/// Not even that of what travels ahead of a statement. Names that nobody keeps apart go astray.
#[tokio::test]
async fn without_names_no_statement_is_kept_by_the_server() {
    for (mode, kept) in [(StatementMode::Unnamed, false), (StatementMode::Named, true)] {
        for strategy in [Strategy::Implicit, Strategy::Explicit, Strategy::ExplicitSetLocal] {
            let erp = Erp::new().await;
            let builder = erp.builder().strategy(strategy).statements(mode).max_size(1);
            let pool = builder.build().await.unwrap();
            let scope = pool.tenant(tenant(1));
            scope.query("select id from erp.account", &[]).await.unwrap();
            let mut tx = scope.begin();
            let statement = tx.prepare("select tag from erp.account where id = $1").await.unwrap();
            for id in [1_i64, 2] {
                assert!(tx.query_opt(&statement, &[&id]).await.unwrap().is_none());
            }
            let sp = tx.savepoint().await.unwrap();
            sp.execute("delete from erp.stage", &[]).await.unwrap();
            sp.release().await.unwrap();
            tx.commit().await.unwrap();
            let count = "select count(*) from pg_prepared_statements";
            let count: i64 = scope.query_typed(count, &[]).await.unwrap()[0].get(0);
            assert_eq!(count > 0, kept, "{count} statements are kept, {mode:?}, {strategy:?}");
        }
    }
}
