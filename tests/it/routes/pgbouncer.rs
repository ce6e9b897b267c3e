//! PgBouncer as the tests run it.

use tokio::net::TcpStream;
use tokio_postgres::NoTls;

use crate::support::erp::Erp;
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
