//! A plan for files is the plan for the database that they make.

use tenantry::catalog::replay::{Options, Source, replay};
use tenantry::plan::{Plan, Step};

use super::{Erp, plan_for, titles};
use crate::support::version::FIFTEEN;

#[tokio::test]
async fn files_and_their_database_lack_the_same() {
    let mut erp = Erp::new().await;
    let live = erp.catalog().await;
    let owner = live.relations.values().next().unwrap().owner.clone();
    let source = Source::new("erp.sql", erp.fill(include_str!("erp.sql")));
    let mut options = Options::default();
    options.role = owner;
    options.server_version = live.server_version.unwrap();
    let mut replayed = replay(&[source], &options);
    if erp.version < FIFTEEN {
        // Files do not say what server they are for, and a plan for them takes it to be a newer one.
        replayed.catalog.server_version = live.server_version;
    }
    assert_eq!(replayed.opaque.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    assert!(replayed.catalog.roles.is_empty(), "the files make no roles");

    let steps = |plan: Plan| {
        let of_schema = |step: &&Step| !step.object.starts_with("role ");
        // The way back spells expressions as their authors did, or as the server did.
        let line = |step: &Step| format!("{}: {}\n{}", step.object, step.what, step.up);
        plan.steps.iter().filter(of_schema).map(line).collect::<Vec<_>>()
    };
    let from_files = steps(plan_for(&erp.manifest, &replayed.catalog));
    let from_database = steps(plan_for(&erp.manifest, &live));
    for (one, other) in from_files.iter().zip(&from_database) {
        assert_eq!(one, other);
    }
    assert_eq!(from_files.len(), from_database.len());
    assert!(!from_files.is_empty());
}

/// Of the steps only the checks of the bootstrap, which are DO blocks, are not followed, and they are named.
#[tokio::test]
async fn a_plan_that_is_among_the_files_is_followed_by_an_empty_one() {
    let mut erp = Erp::new().await;
    let live = erp.catalog().await;
    let mut options = Options::default();
    options.role = live.relations.values().next().unwrap().owner.clone();
    let schema = Source::new("1.sql", erp.fill(include_str!("erp.sql")));
    let plan = plan_for(&erp.manifest, &replay(std::slice::from_ref(&schema), &options).catalog);
    let tenancy = Source::new("2.sql", plan.up().unwrap().to_string());
    let replayed = replay(&[schema, tenancy], &options);
    for opaque in &replayed.opaque {
        assert!(opaque.file() == "2.sql" && opaque.why().contains("DO"), "{opaque}");
    }
    let next = plan_for(&erp.manifest, &replayed.catalog);
    assert_eq!(titles(&next), Vec::<String>::new());
}
