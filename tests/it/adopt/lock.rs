//! Whoever has a table or a row locked.

use std::time::Duration;

use super::world::{BY_COMPANY, World};

/// A lock that is not to be had is tried for again, and nobody waits behind it for longer than the lock timeout.
#[tokio::test]
async fn a_locked_table_is_tried_again_and_keeps_nobody_waiting() {
    let world = World::new().await;
    let holder = world.database.connect().await.unwrap();
    holder.batch_execute("BEGIN; SELECT FROM erp.customer LIMIT 1").await.unwrap();
    let mut tool = world.start(&[BY_COMPANY, &["--lock-timeout", "100ms"]].concat());
    // As long as the table stays locked, whoever waits behind the tool for longer than it does is ended by the server.
    world.sql("SET lock_timeout = '5s'").await;
    for _ in 0..3 {
        let retry = tool.until(|event| event["event"] == "retry").expect("it tries again");
        assert_eq!(retry["step"], 1, "{retry}");
        world.sql("SELECT FROM erp.customer LIMIT 1").await;
    }
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(tool.end(), 0);
    assert_eq!(world.wrong_rows().await, 0);
}

/// In the end it gives up, says what to do, and goes on when it is run again.
#[tokio::test]
async fn a_table_that_stays_locked_is_given_up_for_now() {
    let world = World::new().await;
    let holder = world.database.connect().await.unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE erp.customer IN SHARE MODE").await.unwrap();
    let run = world.adopt(&[BY_COMPANY, &["--lock-timeout", "20ms", "--attempts", "3"]].concat());
    run.said(
        3,
        &["erp.customer: column tenant_id failed: a lock was not available in time", "pg_stat_activity"],
    );
    assert_eq!(run.out.matches("a lock was not to be had in time").count(), 2, "{run:#?}");
    holder.batch_execute("COMMIT").await.unwrap();
    world.adopted(&[]);
    assert_eq!(world.wrong_rows().await, 0);
}

/// Rows that others have locked are not waited for, and come back to.
#[tokio::test]
async fn locked_rows_are_come_back_to() {
    let world = World::new().await;
    world.adopted(&[BY_COMPANY, &["--until", "fill"]].concat());
    let holder = world.database.connect().await.unwrap();
    holder.batch_execute("BEGIN; SELECT FROM erp.customer WHERE id IN (3, 4) FOR UPDATE").await.unwrap();
    let mut tool = world.start(&["--batch", "7"]);
    let skipped = tool.until(|event| event["event"] == "skipped").expect("it skips rows");
    assert_eq!(skipped["rows"], 2, "{skipped}");
    assert_eq!(world.count("SELECT count(*) FROM erp.customer WHERE tenant_id IS NULL").await, 2);
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(tool.end(), 0);
    assert_eq!(world.wrong_rows().await, 0);
    // Those that stay locked are reported.
    let world = World::new().await;
    world.adopted(&[BY_COMPANY, &["--until", "fill"]].concat());
    let holder = world.database.connect().await.unwrap();
    holder.batch_execute("BEGIN; SELECT FROM erp.customer WHERE id = 3 FOR UPDATE").await.unwrap();
    let run = world.adopt(&["--attempts", "2"]);
    assert!(run.code == 1 && run.out.contains("1 are kept locked by other transactions"), "{run:#?}");
    holder.batch_execute("COMMIT").await.unwrap();
    world.adopted(&[]);
}

/// A row that was on its way while its parent had no tenant, and comes in behind the batches.
#[tokio::test]
async fn a_row_that_comes_in_late_gets_its_tenant() {
    let mut world = World::new().await;
    world.adopted(&[BY_COMPANY, &["--until", "fill"]].concat());
    let mut late = world.as_app().await;
    let transaction = late.transaction().await.unwrap();
    transaction
        .execute("INSERT INTO erp.invoice (customer_id, number) VALUES (5, 'late')", &[])
        .await
        .unwrap();
    world.adopted(&["--until", "backfill"]);
    transaction.commit().await.unwrap();
    let null = "SELECT count(*) FROM erp.invoice WHERE tenant_id IS NULL";
    assert_eq!(world.count(null).await, 1);
    world.adopted(&[]);
    assert_eq!((world.count(null).await, world.wrong_rows().await), (0, 0));
    assert!(world.planned().await.iter().all(|step| step.starts_with("erp.company: ")));
}

/// An old transaction is waited for where an index is built, and keeps nobody waiting.
#[tokio::test]
async fn an_index_waits_for_old_transactions_alone() {
    let world = World::new().await;
    world.adopted(&[BY_COMPANY, &["--until", "not-null"]].concat());
    let old = world.database.connect().await.unwrap();
    old.batch_execute(
        "BEGIN; INSERT INTO erp.customer (company_id, name) SELECT id, 'old' FROM erp.company LIMIT 1",
    )
    .await
    .unwrap();
    let mut tool = world.start(&["--until", "keys", "--lock-timeout", "100ms"]);
    tool.until(|event| event["event"] == "step" && event["object"] == "erp.customer").expect("it gets there");
    tokio::time::sleep(Duration::from_millis(700)).await;
    world.sql("SET lock_timeout = '5s'").await;
    world.sql("INSERT INTO erp.customer (company_id, name) SELECT id, 'new' FROM erp.company LIMIT 1").await;
    let waiting = "SELECT count(*) FROM pg_stat_progress_create_index";
    assert_eq!(world.count(waiting).await, 1);
    old.batch_execute("COMMIT").await.unwrap();
    assert_eq!(tool.end(), 0);
}

/// Two tools are kept apart.
#[tokio::test]
async fn a_second_tool_is_told_who_is_at_work() {
    let world = World::new().await;
    let holder = world.database.connect().await.unwrap();
    holder.batch_execute("BEGIN; SELECT FROM erp.customer LIMIT 1").await.unwrap();
    let mut first = world.start(BY_COMPANY);
    first.until(|event| event["event"] == "step").unwrap();
    let second = world.adopt(&["note", "--tenant", super::world::A]);
    second.said(
        3,
        &["another tenantry adopt in \"tenantry\" has been at work for 10s, as process ", "wait for its end"],
    );
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(first.end(), 0);
}
