//! What logical replication does with policies: what the words on it stand on.

use std::time::{Duration, Instant};

use tenantry::testing::{Database, Server};
use tokio_postgres::Client;

const TABLE: &str = "CREATE TABLE invoice (id int PRIMARY KEY, tenant_id uuid NOT NULL);
    ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY p ON invoice USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
    ALTER TABLE invoice OWNER TO repl_owner;";

/// A publisher and a subscriber, and what the one is called for the other.
struct Pair {
    publisher: Client,
    subscriber: Client,
    connection: String,
    _databases: [Database; 2],
}

impl Pair {
    async fn on(server: &Server) -> Self {
        let databases = [server.database().await.unwrap(), server.database().await.unwrap()];
        let (publisher, subscriber) =
            (databases[0].connect().await.unwrap(), databases[1].connect().await.unwrap());
        let roles = "CREATE ROLE repl_owner; CREATE ROLE repl LOGIN REPLICATION PASSWORD 'x';";
        publisher.batch_execute(&format!("{roles}{TABLE}")).await.unwrap();
        subscriber.batch_execute(TABLE).await.unwrap();
        let publish = "GRANT SELECT ON invoice TO repl;
            INSERT INTO invoice SELECT id, gen_random_uuid() FROM generate_series(1, 2) AS id;
            CREATE PUBLICATION p FOR TABLE invoice;";
        publisher.batch_execute(publish).await.unwrap();
        let (name, port) = (databases[0].name(), server.port());
        let connection = format!("host=127.0.0.1 port={port} dbname={name} user=repl password=x");
        Self { publisher, subscriber, connection, _databases: databases }
    }

    async fn subscribe(&self, options: &str) {
        self.publisher
            .batch_execute("SELECT pg_create_logical_replication_slot('s', 'pgoutput')")
            .await
            .unwrap();
        let connection = format!("{}{options}", self.connection).replace('\'', "''");
        let sql = format!(
            "CREATE SUBSCRIPTION s CONNECTION '{connection}' PUBLICATION p WITH (create_slot = false, slot_name = 's')"
        );
        self.subscriber.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{error:?}"));
    }

    async fn unsubscribe(&self) {
        for sql in ["ALTER SUBSCRIPTION s DISABLE", "DROP SUBSCRIPTION s", "TRUNCATE invoice"] {
            self.subscriber.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        }
    }

    /// Waits until so many rows are there and the first copy is in this state.
    async fn comes_to(&self, rows: i64, state: i8) {
        let query =
            "SELECT (SELECT count(*) FROM invoice), (SELECT max(srsubstate::text) FROM pg_subscription_rel)";
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let row = self.subscriber.query_one(query, &[]).await.unwrap();
            let found = (row.get::<_, i64>(0), row.get::<_, Option<String>>(1));
            if found == (rows, Some(char::from(state.cast_unsigned()).to_string())) {
                return;
            }
            assert!(Instant::now() < deadline, "found {found:?}, expected {rows} rows");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

const READY: i8 = b'r'.cast_signed();

#[tokio::test]
async fn the_first_copy_asks_policies_and_force_stops_the_apply_from_16_on() {
    let server = Server::builder().setting("wal_level", "logical").start_local().await.unwrap();
    let pair = Pair::on(&server).await;
    let version = pair.publisher.query_one("SHOW server_version_num", &[]).await.unwrap();
    let version: u32 = version.get::<_, &str>(0).parse().unwrap();
    let insert = |id: u32| format!("INSERT INTO invoice VALUES ({id}, gen_random_uuid())");

    // Nothing comes, and nothing is said; what is changed afterwards comes whole.
    pair.subscriber.batch_execute("ALTER TABLE invoice NO FORCE ROW LEVEL SECURITY").await.unwrap();
    pair.subscribe("").await;
    pair.comes_to(0, READY).await;
    pair.publisher.batch_execute(&insert(3)).await.unwrap();
    pair.comes_to(1, READY).await;
    pair.unsubscribe().await;

    // With row_security off the copy fails instead, over and over.
    pair.subscribe(" options='-c row_security=off'").await;
    let said = "query would be affected by row-level security policy for table \"invoice\"";
    let deadline = Instant::now() + Duration::from_secs(60);
    while !server.log().await.unwrap().contains(said) {
        assert!(Instant::now() < deadline, "the copy does not fail");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    pair.unsubscribe().await;

    // A login that policies do not bind copies all, if the other end takes it.
    pair.publisher.batch_execute("ALTER ROLE repl BYPASSRLS").await.unwrap();
    pair.subscriber.batch_execute("ALTER TABLE invoice FORCE ROW LEVEL SECURITY").await.unwrap();
    pair.subscribe("").await;
    if version >= 160_000 {
        let said =
            "user \"repl_owner\" cannot replicate into relation with row-level security enabled: \"invoice\"";
        let deadline = Instant::now() + Duration::from_secs(60);
        while !server.log().await.unwrap().contains(said) {
            assert!(Instant::now() < deadline, "FORCE lets it apply");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        pair.subscriber.batch_execute("ALTER SUBSCRIPTION s SET (run_as_owner = true)").await.unwrap();
    }
    pair.comes_to(3, READY).await;
    pair.unsubscribe().await;
}
