//! Rights that reach past tables, as they are read from a server.

use tenantry::Ident;
use tenantry::catalog::{Grantee, ServerGrant, ServerRight, live};
use tenantry::testing::Server;

/// Grants on settings are the cluster's, so this is one of its own.
#[tokio::test]
async fn rights_that_reach_past_tables_are_read() {
    let server = Server::builder().start_local().await.unwrap();
    let database = server.database().await.unwrap();
    let mut client = database.connect().await.unwrap();
    let rights = "create role reader;
        grant execute on function pg_read_file(text) to reader;
        create foreign data wrapper wrapper;
        create server books foreign data wrapper wrapper;
        create server closed foreign data wrapper wrapper;
        grant usage on foreign server books, closed to public;
        create user mapping for public server books";
    client.batch_execute(rights).await.unwrap();
    let name = |name: &str| Ident::new(name).unwrap();
    let reader = |right| ServerGrant { grantee: Grantee::Role(name("reader")), right };
    let books = ServerGrant { grantee: Grantee::Public, right: ServerRight::ForeignServer(name("books")) };
    let mut expected = vec![books, reader(ServerRight::Execute(name("pg_read_file")))];
    if live::load(&mut client).await.unwrap().server_version >= Some(150_000) {
        let set = "grant set, alter system on parameter session_replication_role to reader";
        client.batch_execute(set).await.unwrap();
        let setting = || "session_replication_role".to_owned();
        expected.push(reader(ServerRight::Set(setting())));
        expected.push(reader(ServerRight::AlterSystem(setting())));
    }
    let found = live::load(&mut client).await.unwrap().server_grants;
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
}
