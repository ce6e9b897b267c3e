//! Services that own what is adopted: they work on through all of it, and have no less afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use tenantry::policy::Script;
use tenantry::rule::{Severity, audit};
use tenantry::{Ident, migrate, plan};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::abort::without_records;
use super::world::{B, BY_COMPANY, World, same};
use super::writers::{Knows, Service};
use crate::plan::owned::{owned, rights};
use crate::support::version;

/// Whatever there is becomes the app role's, and some objects more.
const OWNED: &str = "
    REASSIGN OWNED BY {owner} TO {app};
    SET ROLE {app};
    CREATE TYPE erp.status AS ENUM ('open');
    CREATE DOMAIN erp.amount AS numeric;
    CREATE SEQUENCE erp.tray;
    ALTER TABLE erp.invoice ADD COLUMN changed int NOT NULL DEFAULT 0, ADD COLUMN status erp.status,
        ADD COLUMN tray bigint DEFAULT nextval('erp.tray');
    CREATE FUNCTION erp.touch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.changed := OLD.changed + 1;
        RETURN NEW;
    END
    $$;
    CREATE TRIGGER touch BEFORE UPDATE ON erp.invoice FOR EACH ROW EXECUTE FUNCTION erp.touch();
    CREATE PROCEDURE erp.nothing() LANGUAGE sql AS '';
    REVOKE EXECUTE ON PROCEDURE erp.nothing FROM PUBLIC;
    RESET ROLE;";

/// The steps that a plan adds once tables are adopted, as an operator runs them who tries again.
pub(super) async fn apply(client: &mut Client, script: &Script) {
    for _ in 0..50 {
        match migrate::apply(client, script).await {
            Ok(_) => return,
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("the locks are not to be had");
}

async fn owned_world() -> World {
    let world = World::new().await;
    let sql = OWNED.replace("{owner}", &world.owner).replace("{app}", &world.app);
    world.sql(&sql).await;
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_owned_its_tables_works_on_and_has_no_less() {
    let mut world = owned_world().await;
    let before = rights(&world.client, &world.app).await;
    let service = Service::start(&world, Knows::Tenant(B)).await;
    let mut tool = world.start(BY_COMPANY);
    let ended = tokio::task::spawn_blocking(move || {
        while tool.next().is_some() {}
        tool.end()
    });
    assert_eq!(ended.await.unwrap(), 0);
    let left = world.planned().await;
    assert!(left.iter().all(|step| step.starts_with("erp.company: ")), "{left:#?}");
    let now = rights(&world.client, &world.app).await;
    // Before PostgreSQL 15 the view reads with its owner's rights, so it is taken from the service.
    let of_view: &[&str] = match version::of(&world.client).await {
        ..version::FIFTEEN => &["DELETE", "INSERT", "SELECT", "UPDATE"],
        _ => &[],
    };
    let of_view: BTreeSet<String> =
        of_view.iter().map(|right| format!("erp.open_invoice: {right}")).collect();
    let lost: BTreeSet<String> = before.difference(&now).cloned().collect();
    assert_eq!(lost, of_view);

    let catalog = world.catalog().await;
    let planned = plan::plan(&world.manifest(), &catalog).unwrap();
    // Shorter than the server waits before it looks for deadlocks.
    let script = planned.up().unwrap().lock_timeout(Duration::from_millis(500)).unwrap();
    apply(&mut world.client, &script).await;
    service.end().await;
    assert_eq!(world.planned().await, Vec::<String>::new());
    let now = rights(&world.client, &world.app).await;
    let lost: BTreeSet<String> = before.difference(&now).cloned().collect();
    assert_eq!(lost, of_view);
    assert_eq!(owned(&world.client, &world.app).await, Vec::<String>::new());
    let report = audit(&world.manifest(), &world.catalog().await);
    let of_app = report.from(Severity::High).filter(|finding| finding.rule.code.starts_with("app-"));
    let grave: Vec<&str> = of_app.map(|finding| finding.message.as_str()).collect();
    assert_eq!(grave, Vec::<&str>::new());
}

/// What got another owner gets its own again, and what was granted meanwhile is taken back.
#[tokio::test]
async fn an_abort_in_the_midst_of_the_last_phase_gives_everything_back() {
    let mut world = owned_world().await;
    let (before, had) = (without_records(world.catalog().await), rights(&world.client, &world.app).await);
    world.adopted(&[BY_COMPANY, &["--until", "foreign-keys"]].concat());
    // Whoever only reads the first table keeps its last step from being taken.
    let holder = world.database.connect().await.unwrap();
    holder.batch_execute("BEGIN; SELECT FROM erp.customer LIMIT 1").await.unwrap();
    world.adopt(&["--attempts", "2", "--lock-timeout", "50ms"]).said(3, &["erp.customer"]);
    let of_app = owned(&world.client, &world.app).await;
    assert!(
        of_app.iter().all(|object| !object.contains("touch") && !object.contains("invoice_id")),
        "{of_app:#?}"
    );
    holder.batch_execute("COMMIT").await.unwrap();
    world.adopted(&["--abort"]);
    same(&without_records(world.catalog().await), &before);
    assert_eq!(rights(&world.client, &world.app).await, had);
}

/// And so it does once everything was done.
#[tokio::test]
async fn a_finished_adoption_that_is_taken_back_gives_everything_back_too() {
    let mut world = owned_world().await;
    let (before, had) = (without_records(world.catalog().await), rights(&world.client, &world.app).await);
    world.adopted(BY_COMPANY);
    assert_eq!(
        rights(&world.client, &world.app).await.is_superset(&had),
        version::of(&world.client).await >= version::FIFTEEN
    );
    world.adopted(&["--abort"]);
    same(&without_records(world.catalog().await), &before);
    assert_eq!(rights(&world.client, &world.app).await, had);
}

/// Who may not make the functions and types over learns it before anything is begun.
#[tokio::test]
async fn who_cannot_make_everything_over_is_told_so_first() {
    let world = owned_world().await;
    let deployer = crate::policy::unique("deployer");
    let name = Ident::new(&deployer).unwrap();
    world.sql(&format!("CREATE ROLE {name} LOGIN PASSWORD 'x'")).await;
    let run = world.adopt_as(&world.database.url_as(&deployer, "x"), BY_COMPANY);
    assert_ne!(run.code, 0, "{run:#?}");
    for part in ["function erp.touch()", "type erp.status", "schema erp", "erp.tray"] {
        assert!(run.out.contains(&format!("does not own {part}")), "{part} in {run:#?}");
    }
}
