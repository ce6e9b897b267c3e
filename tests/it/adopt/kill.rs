//! Whatever ends a run, the next one goes on, and in the end everything is as if nothing had happened.

use std::collections::BTreeSet;
use std::time::Duration;

use tenantry::testing::{self, Server};
use tokio::time::sleep;
use tokio_postgres::Client;

use super::world::{BY_COMPANY, World, same_told};
use crate::support::random::Random;

type Told = (String, Vec<String>);

async fn undisturbed(invoices: u32) -> Told {
    let mut world = World::on(testing::server().await.unwrap(), invoices).await;
    world.adopted(BY_COMPANY);
    world.told().await
}

/// `kill -9` as soon as a step is announced, or a moment later. A moment in which the tool gets further steps done
/// leaves those to the next world, until each has been hit.
#[tokio::test]
async fn a_run_that_is_killed_at_any_step_is_gone_on_with() {
    let expected = undisturbed(300).await;
    let mut random = Random::new(7);
    let (mut hit, mut last) = (BTreeSet::new(), 0);
    for round in 0.. {
        assert!(round < 10, "hit {hit:?} of {last}");
        let mut world = World::new().await;
        let mut is_first = true;
        loop {
            let args: &[&str] = if is_first { BY_COMPANY } else { &[] };
            is_first = false;
            let mut tool = world.start(&[args, &["--batch", "40"]].concat());
            let next = tool.until(|event| {
                let Some(number) = event["number"].as_i64().filter(|_| event["event"] == "step") else {
                    return false;
                };
                last = last.max(number);
                hit.insert(number)
            });
            if next.is_none() {
                assert_eq!(tool.end(), 0);
                break;
            }
            sleep(Duration::from_micros(random.below(3_000))).await;
            tool.kill();
        }
        same_told(&world.told().await, &expected);
        if hit.iter().copied().eq(1..=last) {
            break;
        }
    }
    assert!(last > 40, "{last} steps");
}

/// Locks that keep each step that changes a schema waiting, and no row.
const LOCK: &str = "BEGIN;
    LOCK TABLE erp.company, erp.customer, erp.invoice, erp.\"Odd \"\"line\"\"\", erp.note IN SHARE UPDATE EXCLUSIVE MODE";

const WAITING: &str = "SELECT count(*) FROM pg_locks
    WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// `kill -9` while a step waits for its lock.
#[tokio::test]
async fn a_run_that_is_killed_while_it_waits_is_gone_on_with() {
    let expected = undisturbed(300).await;
    let mut world = World::new().await;
    let holder = world.database.connect().await.unwrap();
    let mut waited = 0;
    loop {
        let args: &[&str] = if waited == 0 { BY_COMPANY } else { &[] };
        holder.batch_execute(LOCK).await.unwrap();
        let mut tool = world.start(&[args, &["--lock-timeout", "300ms"]].concat());
        let Some(number) = blocked(&world.client, &mut tool).await else {
            holder.batch_execute("COMMIT").await.unwrap();
            assert_eq!(tool.end(), 0);
            break;
        };
        tool.kill();
        waited += 1;
        holder.batch_execute("COMMIT").await.unwrap();
        // One step further.
        let mut tool = world.start(&[]);
        tool.until(|event| event["event"] == "done" && event["step"].as_i64() >= Some(number));
        tool.kill();
    }
    assert!(waited > 15, "{waited}");
    same_told(&world.told().await, &expected);
}

/// The step that waits for a lock, or none if the run ends.
async fn blocked(client: &Client, tool: &mut super::world::Running) -> Option<i64> {
    loop {
        // One that is slow to ask for its lock says so when it has not got it in time.
        let told =
            tool.until(|event| ["step", "retry"].contains(&event["event"].as_str().unwrap_or_default()))?;
        if told["event"] == "retry" {
            return told["step"].as_i64();
        }
        for _ in 0..20 {
            let waiting: i64 = client.query_one(WAITING, &[]).await.unwrap().get(0);
            if waiting > 0 {
                return told["number"].as_i64();
            }
            sleep(Duration::from_millis(2)).await;
        }
    }
}

/// Half an index is no index: it is dropped and built again.
#[tokio::test]
async fn an_index_that_was_left_half_built_is_built_anew() {
    let expected = undisturbed(300).await;
    let mut world = World::new().await;
    world.adopted(&[BY_COMPANY, &["--until", "not-null"]].concat());
    let old = world.database.connect().await.unwrap();
    old.batch_execute("BEGIN; LOCK TABLE erp.customer IN ROW EXCLUSIVE MODE").await.unwrap();
    let mut tool = world.start(&[]);
    tool.until(|event| event["event"] == "step" && event["object"] == "erp.customer").unwrap();
    let building = "SELECT count(*) FROM pg_stat_progress_create_index";
    while world.count(building).await == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    tool.kill();
    // The server notices that nobody waits for the index any more.
    while world.count(building).await > 0 {
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(world.count("SELECT count(*) FROM pg_index WHERE NOT indisvalid").await, 1);
    old.batch_execute("ROLLBACK").await.unwrap();
    world.adopted(&[]);
    same_told(&world.told().await, &expected);
}

/// `kill -9` at random points of the backfill.
#[tokio::test]
async fn a_backfill_that_is_killed_anywhere_is_gone_on_with() {
    const INVOICES: u32 = 6_000;
    let expected = undisturbed(INVOICES).await;
    let mut world = World::on(testing::server().await.unwrap(), INVOICES).await;
    let mut random = Random::new(11);
    world.adopted(&[BY_COMPANY, &["--until", "fill"]].concat());
    let (mut killed, mut seen) = (0, Vec::new());
    for _ in 0..60 {
        let mut tool = world.start(&["--batch", "100", "--pause", "1x", "--until", "backfill"]);
        if tool.until(|event| event["event"] == "step").is_none() {
            assert_eq!(tool.end(), 0);
            break;
        }
        sleep(Duration::from_micros(random.below(60_000))).await;
        tool.kill();
        killed += 1;
        let rows = "SELECT coalesce(sum(rows), 0)::bigint FROM tenantry.adoption_step";
        seen.push(world.count(rows).await);
    }
    // Each run goes on where the one before it was, and most were in the midst of it.
    assert!(seen.is_sorted(), "{seen:?}");
    seen.dedup();
    assert!(killed > 10 && seen.len() > 8, "{killed} {seen:?}");
    world.adopted(&[]);
    same_told(&world.told().await, &expected);
    // No run began a table anew.
    let passes = "SELECT max(pass)::bigint FROM tenantry.adoption_step";
    assert_eq!(world.count(passes).await, 1);
    // No row was given its tenant twice.
    let rows = "SELECT sum(rows)::bigint FROM tenantry.adoption_step";
    let filled = 30 + i64::from(INVOICES) * 6;
    assert_eq!(world.count(rows).await, filled);
}

/// The server goes down, without a word, at each phase and at random points of the backfill.
#[tokio::test]
async fn a_server_that_crashes_is_gone_on_with() {
    const INVOICES: u32 = 3_000;
    let expected = undisturbed(INVOICES).await;
    let mut server = Server::builder().start_local().await.unwrap();
    let mut world = World::on(&server, INVOICES).await;
    world.sql("CHECKPOINT").await;
    let mut random = Random::new(13);
    let phases = [
        "column",
        "fill",
        "backfill",
        "backfill",
        "backfill",
        "not-null",
        "keys",
        "keys",
        "foreign-keys",
        "policies",
    ];
    let mut begun = false;
    for phase in phases {
        let args: &[&str] = if begun { &[] } else { BY_COMPANY };
        let mut tool = world.start(&[args, &["--batch", "100", "--pause", "1x"]].concat());
        let found = tool.until(|event| event["event"] == "step" && event["phase"] == phase);
        assert!(found.is_some(), "{phase} is over");
        begun = true;
        let most = if phase == "backfill" { 120_000 } else { 8_000 };
        sleep(Duration::from_micros(random.below(most))).await;
        server.stop().await.unwrap();
        let code = tool.end();
        assert_eq!(code, 3, "{phase}");
        server.start().await.unwrap();
        world.client = world.database.connect().await.unwrap();
    }
    world.adopted(&[]);
    same_told(&world.told().await, &expected);
}
