//! A proof leaves nothing behind, however it ends.

use std::time::Duration;

use super::{Prover, contents, secured};
use crate::support::eventually;
use crate::support::random::Random;

/// How often a proof is stopped in the middle.
fn kills() -> u32 {
    std::env::var("TENANTRY_PROVE_KILLS").ok().map_or(10, |text| text.parse().unwrap())
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
    for _ in 0..kills() {
        let limit = Duration::from_millis(random.below(400));
        // Its connections close in the middle of whatever was under way.
        stopped += u32::from(tokio::time::timeout(limit, prover.proof()).await.is_err());
    }
    assert!(stopped > 0);
    let others = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    eventually("the sessions of the proofs are gone", async || {
        database.query_one(others, &[]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await;
    assert_eq!(contents(&database).await, before);
}
