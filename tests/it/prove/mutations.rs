//! The proof notices whatever is weakened.

use tenantry::prove::Fate;

use super::{Prover, manifest, planned, secured};
use crate::support::version;

#[tokio::test]
async fn whatever_is_weakened_is_noticed() {
    let erp = planned().await;
    let mutations = Prover::new(&erp.admin, &erp.app, erp.manifest()).await.mutations().await;
    // Somebody else's policy, which opens rows by their number, stands beside those of the plan there: what is weakened of these
    // is open already, but for the floor.
    let survivors: Vec<String> = mutations
        .survivors()
        .filter(|of| of.object != "erp.branch" || of.what.contains("floor"))
        .map(|of| format!("{}: {}\n{}", of.object, of.what, of.sql))
        .collect();
    let (noticed, made) = mutations.score();
    assert!(survivors.is_empty(), "{noticed} of {made}\n{}", survivors.join("\n"));
    let refused = mutations.all.iter().filter(|of| matches!(of.fate, Fate::Refused(_)));
    assert_eq!(refused.count(), 0, "{:#?}", mutations.all);
    assert!(made > 400, "{made}");
}

#[tokio::test]
async fn what_functions_and_sequences_lose_is_noticed_too() {
    let (database, app) = secured("missing = \"empty\"").await;
    let prover = Prover::new(&database, &app, &manifest(&app, "missing = \"empty\"")).await;
    let mutations = prover.mutations().await;
    let survivors: Vec<_> = mutations.survivors().collect();
    assert!(survivors.is_empty(), "{survivors:#?}");
    for what in
        ["security definer", "grant update on the sequence", "invoker off", "unique without the tenant: "]
    {
        if what == "invoker off" && version::of(&database).await < version::FIFTEEN {
            continue;
        }
        let made = mutations.all.iter().filter(|of| of.what.starts_with(what)).count();
        assert!(made > 0, "{what}");
    }
}

#[tokio::test]
async fn whoever_is_no_superuser_weakens_nothing() {
    let (database, app) = secured("").await;
    database
        .batch_execute(&format!("CREATE ROLE {app}_s LOGIN BYPASSRLS PASSWORD 'x'; GRANT {app} TO {app}_s"))
        .await
        .unwrap();
    let prover = Prover::new(&database, &app, &manifest(&app, "")).await;
    let error = prover.seeded_by(&database.url_as(&format!("{app}_s"))).try_mutations().await.unwrap_err();
    assert!(error.to_string().contains("cannot weaken a schema"), "{error}");
}
