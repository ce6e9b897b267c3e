//! A plan for files is the plan for the database that they make.

use tenantry::catalog::replay::{Options, Source, replay};
use tenantry::plan::{Plan, Step};

use super::{Erp, plan_for};

#[tokio::test]
async fn files_and_their_database_lack_the_same() {
    let mut erp = Erp::new().await;
    let live = erp.catalog().await;
    let owner = live.relations.values().next().unwrap().owner.clone();
    let source = Source::new("erp.sql", erp.fill(include_str!("erp.sql")));
    let mut options = Options::default();
    options.role = owner;
    let replayed = replay(&[source], &options);
    assert_eq!(replayed.opaque.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    assert!(replayed.catalog.roles.is_empty(), "the files make no roles");

    let steps = |plan: Plan| {
        let of_schema = |step: &tenantry::plan::Step| !step.object.starts_with("role ");
        let line = |step: &tenantry::plan::Step| {
            format!("{}: {}\n{}\n{}", step.object, step.what, step.up, step.down)
        };
        plan.steps.iter().filter(|step| of_schema(step)).map(line).collect::<Vec<_>>()
    };
    let from_files = steps(plan_for(&erp.manifest, &replayed.catalog));
    let from_database = steps(plan_for(&erp.manifest, &live));
    for (one, other) in from_files.iter().zip(&from_database) {
        assert_eq!(one, other);
    }
    assert_eq!(from_files.len(), from_database.len());
}
