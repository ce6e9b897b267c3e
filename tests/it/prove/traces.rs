//! A proof leaves nothing behind, however it ends.

use std::time::{Duration, Instant};

use super::{Prover, contents, secured};
use crate::policy::Admin;
use crate::support::eventually;
use crate::support::random::Random;
use crate::tool::{Folder, Tool};

/// How often a proof is stopped in the middle.
fn kills(unless_said: u32) -> u32 {
    std::env::var("TENANTRY_PROVE_KILLS").ok().map_or(unless_said, |text| text.parse().unwrap())
}

/// Waits until the server has noticed that the sessions of proofs are gone.
async fn are_gone(database: &Admin) {
    let others = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    eventually("the sessions of the proofs are gone", async || {
        database.query_one(others, &[]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await;
}

#[tokio::test]
async fn a_proof_changes_nothing() {
    let (database, app) = secured("").await;
    let before = contents(&database).await;
    let prover = Prover::new(&database, &app, &super::manifest(&app, "")).await;
    let proof = prover.proof().await;
    assert!(proof.is_clean() && proof.cells().count() > 100, "{proof}");
    assert_eq!(contents(&database).await, before);
    prover.mutations().await;
    assert_eq!(contents(&database).await, before);
}

#[tokio::test]
async fn a_proof_that_is_stopped_changes_nothing() {
    let (database, app) = secured("").await;
    let before = contents(&database).await;
    let prover = Prover::new(&database, &app, &super::manifest(&app, "")).await;
    let mut random = Random::new(17);
    let mut stopped = 0;
    for _ in 0..kills(10) {
        let limit = Duration::from_millis(random.below(400));
        // Its connections close in the middle of whatever was under way.
        stopped += u32::from(tokio::time::timeout(limit, prover.proof()).await.is_err());
    }
    assert!(stopped > 0);
    are_gone(&database).await;
    assert_eq!(contents(&database).await, before);
}

#[tokio::test]
async fn a_process_that_is_killed_changes_nothing() {
    use std::os::unix::process::ExitStatusExt;

    let (database, app) = secured("").await;
    drop(database.login(&app).await);
    let folder = Folder::new();
    folder.write("tenantry.toml", &super::manifest(&app, ""));
    let tool = || {
        let tool = Tool::at(&folder).args(&["prove"]).env("DATABASE_URL", database.url_as(&app));
        tool.env("TENANTRY_SEED_URL", database.url())
    };
    let begun = Instant::now();
    assert_eq!(tool().run().code, 0);
    let whole = u64::try_from(begun.elapsed().as_millis()).unwrap().max(1);
    let before = contents(&database).await;
    let mut random = Random::new(23);
    let mut killed = 0;
    for _ in 0..kills(3) {
        let mut child = tool().start();
        tokio::time::sleep(Duration::from_millis(random.below(whole))).await;
        child.kill().unwrap();
        killed += u32::from(child.wait().unwrap().signal() == Some(9));
    }
    assert!(killed > 0);
    are_gone(&database).await;
    assert_eq!(contents(&database).await, before);
}
