//! Removes test databases from a server that outlives us.

use std::sync::Arc;

use tokio_postgres::Client;

use super::error::Result;
use super::error::TestError;
use super::{background, name};
use crate::ident::Ident;
use crate::throwaway::Address;

/// The class of our advisory locks, so that they meet nobody else's: "tnty".
const LOCK_CLASS: i32 = 0x746e_7479;

/// Holds the lock that says this process is alive, and drops its databases one by one.
///
/// A process that ends right after its last test leaves a few databases behind. The next process
/// that uses the server finds that nobody holds their lock, and drops them.
#[derive(Debug)]
pub(super) struct Janitor {
    address: Address,
    /// The session that holds the lock.
    _lock: Client,
}

impl Janitor {
    pub(super) async fn hire(address: Address) -> Result<Arc<Self>> {
        background::run(async move {
            // Advisory locks belong to a database, so everybody has to take them in the same one.
            let connected = address.connect("postgres").await;
            let (lock, _) = connected.map_err(TestError::no_connection)?;
            let token = name::token()?.cast_signed();
            let swept = async {
                lock.execute("select pg_advisory_lock($1, $2)", &[&LOCK_CLASS, &token]).await?;
                sweep(&lock).await
            };
            if let Err(error) = swept.await {
                tracing::debug!(%error, "databases of earlier tests were not removed");
            }
            Ok(Arc::new(Self { address, _lock: lock }))
        })
        .await?
    }

    /// Drops a database without making anybody wait.
    pub(super) fn remove_later(self: &Arc<Self>, name: Ident) {
        let janitor = Arc::clone(self);
        background::spawn(async move {
            if let Err(error) = janitor.remove(&name).await {
                tracing::debug!(%error, database = %name, "a test database was not removed");
            }
        });
    }

    async fn remove(&self, name: &Ident) -> Result<(), tokio_postgres::Error> {
        let (client, _) = self.address.connect("postgres").await?;
        client.batch_execute(&format!("drop database if exists {name} with (force)")).await
    }
}

/// Drops the databases whose process is gone. Sessions in them are left alone, and so is the database then.
async fn sweep(client: &Client) -> Result<(), tokio_postgres::Error> {
    for row in client.query("select datname::text from pg_database", &[]).await? {
        let name: String = row.get(0);
        let (Some(token), Ok(database)) = (name::token_in(&name), Ident::new(&name)) else { continue };
        let key = token.cast_signed();
        let alone = client.query_one("select pg_try_advisory_lock($1, $2)", &[&LOCK_CLASS, &key]).await?;
        // Our own lock is granted a second time, but there is no database of ours yet.
        if alone.get(0) {
            let dropped = client.batch_execute(&format!("drop database if exists {database}")).await;
            client.execute("select pg_advisory_unlock($1, $2)", &[&LOCK_CLASS, &key]).await?;
            if let Err(error) = dropped {
                tracing::debug!(%error, database = %database, "a database of an earlier test was not removed");
            }
        }
    }
    Ok(())
}
