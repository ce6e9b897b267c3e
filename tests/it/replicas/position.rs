//! Read your writes: a replica serves only once it has replayed the position that a read asks for.

use std::time::Duration;

use tenantry::{TenantPool, WalPosition};

use super::{Pair, accounts, port, reads};
use crate::support::erp::{open_accounts, tenant};
use crate::support::eventually;

/// Writes an account and tells the position that covers it.
async fn write(pool: &TenantPool, id: i64) -> WalPosition {
    let tx = pool.tenant(tenant(1)).begin();
    let add = "insert into erp.account (id, tag) values ($1, $2)";
    tx.execute(add, &[&id, &tenant(1).as_setting()]).await.unwrap();
    tx.commit_with_position().await.unwrap()
}

#[tokio::test]
async fn while_replay_stands_still_the_primary_serves_and_the_replica_again_when_it_goes_on() {
    let pair = Pair::alone(&[]).await;
    let (primary, replica) = (pair.primary_port(), pair.standby.port());
    let pool = pair.builder().replica_wait(Duration::from_millis(50)).build().await.unwrap();
    let patient = pair.builder().replica_wait(Duration::from_secs(60)).build().await.unwrap();
    let first = write(&pool, 1).await;
    let sees = pool.tenant(reads(1).no_staler_than(first));
    eventually("the replica has caught up", async || port(&sees).await.unwrap() == replica).await;
    assert_eq!(accounts(&sees).await.unwrap(), [1]);

    let standby = pair.on_standby().await;
    standby.batch_execute("select pg_wal_replay_pause()").await.unwrap();
    let paused = "select pg_get_wal_replay_pause_state() = 'paused'";
    eventually("replay is paused", async || standby.query_one(paused, &[]).await.unwrap().get(0)).await;
    let second = write(&pool, 2).await;
    assert!(second > first);
    for _ in 0..3 {
        let sees = pool.tenant(reads(1).no_staler_than(second));
        assert_eq!(port(&sees).await.unwrap(), primary);
        assert_eq!(accounts(&sees).await.unwrap(), [1, 2]);
    }
    // Who asks for less, or for nothing, is served by the replica, and sees what it has.
    for context in [reads(1), reads(1).no_staler_than(first)] {
        assert_eq!(port(&pool.tenant(context.clone())).await.unwrap(), replica);
        assert_eq!(accounts(&pool.tenant(context)).await.unwrap(), [1]);
    }
    // Of two positions the later one counts.
    let both = pool.tenant(reads(1).no_staler_than(second).no_staler_than(first));
    assert_eq!(port(&both).await.unwrap(), primary);
    // In a transaction too.
    let tx = pool.tenant(reads(1).no_staler_than(second)).begin();
    assert_eq!((port(&tx).await.unwrap(), accounts(&tx).await.unwrap()), (primary, vec![1, 2]));
    tx.commit().await.unwrap();
    // A replica that lags for ever is one clear error for who takes no other server.
    let only = pool.tenant(reads(1).replica_only().no_staler_than(second));
    let error = accounts(&only).await.unwrap_err();
    assert!(error.is_replica_unavailable() && !error.is_connection_lost(), "{error}");
    assert_eq!(
        error.to_string(),
        "no replica can serve what may run nowhere else: none of them has replayed the position that it asks for; \
         raise replica_wait or max_replica_lag, or find out why they lag"
    );
    // Whoever waits goes on with the replay, all of them on one question.
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let sees = patient.tenant(reads(1).no_staler_than(second));
            tokio::spawn(async move { (port(&sees).await.unwrap(), accounts(&sees).await.unwrap()) })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(waiting.iter().all(|waits| !waits.is_finished()));
    assert!(patient.replica_status()[0].size <= 2, "{:?}", patient.replica_status());
    standby.batch_execute("select pg_wal_replay_resume()").await.unwrap();
    for waits in waiting {
        assert_eq!(waits.await.unwrap(), (replica, vec![1, 2]));
    }
    let sees = pool.tenant(reads(1).no_staler_than(second));
    eventually("the replica has caught up", async || port(&sees).await.unwrap() == replica).await;
}

/// What is written and then read, many times over, is seen: the least that a position is for.
#[tokio::test]
async fn what_was_written_is_seen_wherever_it_is_read() {
    let pair = Pair::shared().await;
    let pool = pair.builder().build().await.unwrap();
    let mut on_replica = 0;
    for id in 1..=150 {
        let position = if id % 2 == 0 {
            write(&pool, id).await
        } else {
            open_accounts(&pool, &tenant(1), id, 1).await;
            pool.tenant(tenant(1)).wal_position().await.unwrap()
        };
        let tx = pool.tenant(reads(1).no_staler_than(position)).begin();
        on_replica += usize::from(port(&tx).await.unwrap() == pair.standby.port());
        let seen = accounts(&tx).await.unwrap();
        assert_eq!(seen.last(), Some(&id));
        // What was read on the replica is a position, too.
        let read = tx.commit_with_position().await.unwrap();
        assert!(read >= position, "{read} {position}");
    }
    assert!(on_replica > 0);
}

#[tokio::test]
async fn a_position_is_told_of_every_end() {
    let pair = Pair::shared().await;
    let pool = pair.builder().build().await.unwrap();
    let nothing = pool.tenant(tenant(1)).begin().commit_with_position().await.unwrap();
    assert_eq!(nothing.to_string(), "0/0");
    let position = write(&pool, 1).await;
    let admin = pair.erp.admin().await;
    let inserted: String =
        admin.query_one("select pg_current_wal_insert_lsn()::text", &[]).await.unwrap().get(0);
    assert!(position <= inserted.parse().unwrap());
    // A commit that fails tells its error and no position.
    let tx = pool.tenant(tenant(1)).begin();
    tx.execute("insert into erp.entry (account_id, amount) values (77, 1)", &[]).await.unwrap();
    let error = tx.commit_with_position().await.unwrap_err();
    assert_eq!(error.code().map(|code| code.code()), Some("23503"));
    let tx = pool.tenant(tenant(1)).begin();
    tx.query("select 1 / 0", &[]).await.unwrap_err();
    assert_eq!(tx.commit_with_position().await.unwrap_err().code().map(|code| code.code()), Some("22012"));
    let system = pool.system("to see how far it is").unwrap().wal_position().await.unwrap();
    assert!(system >= position);
    // Nothing is left behind on the connection.
    assert_eq!(accounts(&pool.tenant(tenant(1))).await.unwrap(), [1]);
}

/// How stale a replica may be, by time: the primary tells how far it is, so that a replica whose time stands still is found.
#[tokio::test]
async fn a_replica_that_is_older_than_it_may_be_is_passed_over() {
    let mut pair = Pair::alone(&[]).await;
    let (primary, replica) = (pair.primary_port(), pair.standby.port());
    let bounded =
        pair.builder().max_replica_lag(Duration::from_millis(400)).wait_timeout(Duration::from_millis(100));
    assert!(pair.builder().max_replica_lag(Duration::ZERO).build().await.unwrap_err().is_usage());
    let pool = bounded.build().await.unwrap();
    let served_by = async || port(&pool.tenant(reads(1))).await.ok();
    eventually("the replica serves", async || served_by().await == Some(replica)).await;
    let standby = pair.on_standby().await;
    standby.batch_execute("select pg_wal_replay_pause()").await.unwrap();
    let paused = "select pg_get_wal_replay_pause_state() = 'paused'";
    eventually("replay is paused", async || standby.query_one(paused, &[]).await.unwrap().get(0)).await;
    write(&pool, 1).await;
    eventually("the primary serves", async || served_by().await == Some(primary)).await;
    for _ in 0..5 {
        assert_eq!(served_by().await, Some(primary));
    }
    standby.batch_execute("select pg_wal_replay_resume()").await.unwrap();
    eventually("the replica serves", async || served_by().await == Some(replica)).await;
    assert_eq!(accounts(&pool.tenant(reads(1))).await.unwrap(), [1]);
    // Nobody tells any more, so nobody knows.
    pair.erp.server().stop().await.unwrap();
    eventually("nobody serves", async || served_by().await.is_none()).await;
    let error = pool.tenant(reads(1).replica_only()).query("select 1", &[]).await.unwrap_err();
    assert!(error.is_replica_unavailable(), "{error}");
}
