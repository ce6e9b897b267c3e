//! The way back: the catalog and the rows as before.

use tenantry::catalog::Catalog;
use tenantry::{Ident, QualifiedName};

use super::world::{A, BY_COMPANY, World, same};

/// The place of the records stays, and is no part of what is compared.
pub(super) fn without_records(mut catalog: Catalog) -> Catalog {
    catalog.schemas.remove(&Ident::new("tenantry").unwrap());
    catalog
}

#[tokio::test]
async fn abort_behind_each_phase_restores_the_catalog_and_keeps_the_rows() {
    let mut world = World::new().await;
    // Indexes and constraints that are not what they are by default, a default, and a key that was never checked.
    world
        .sql(
            "ALTER TABLE erp.invoice DROP CONSTRAINT invoice_copy_of_fkey,
                 ADD CONSTRAINT invoice_copy_of_fkey FOREIGN KEY (copy_of) REFERENCES erp.invoice ON UPDATE CASCADE NOT VALID;
             CREATE TABLE erp.rating (
                 customer_id bigint REFERENCES erp.customer,
                 tenant_id uuid DEFAULT '00000000-0000-0000-0000-00000000000c',
                 stars int
             );
             INSERT INTO erp.rating SELECT id, NULL, 5 FROM erp.customer;",
        )
        .await;
    let before = without_records(world.catalog().await);
    let rows = world.rows().await;
    let via: &[&str] = &[&["rating"], BY_COMPANY].concat();
    let tenant: &[&str] = &["rating", "customer", "--children", "--tenant", A];
    for (way, args) in [("via", via), ("tenant", tenant)] {
        // What was written into a column that was there before stays in it.
        world.sql("UPDATE erp.rating SET tenant_id = NULL").await;
        for phase in ["column", "fill", "backfill", "not-null", "keys", "foreign-keys"] {
            world.adopted(&[args, &["--until", phase]].concat());
            assert!(without_records(world.catalog().await) != before, "{way}, {phase}: nothing was done");
            let run = world.adopted(&["--abort"]);
            assert!(run.out.contains("taken back"), "{run:#?}");
            same(&without_records(world.catalog().await), &before);
            assert_eq!(world.rows().await, rows, "{way}, {phase}");
        }
    }
    let stars = "SELECT sum(stars) FROM erp.rating";
    assert_eq!(world.count(stars).await, 150);
    assert!(world.adopted(&["--status"]).out.contains("taken back"));
    // Once more changes nothing, and there is nothing to go on with.
    assert!(world.adopted(&["--abort"]).out.contains("taken back"));
    world.adopt(&[]).said(2, &["no adoption has been begun"]);
}

/// Most of the last phase is done: all but one table are under FORCE.
#[tokio::test]
async fn abort_in_the_midst_of_the_last_phase_does_so_too() {
    let mut world = World::new().await;
    let before = without_records(world.catalog().await);
    let rows = world.rows().await;
    // Whoever only reads the first table keeps its last step from being taken.
    let holder = world.database.connect().await.unwrap();
    world.adopted(&[BY_COMPANY, &["--until", "foreign-keys"]].concat());
    holder.batch_execute("BEGIN; SELECT FROM erp.customer LIMIT 1").await.unwrap();
    let run = world.adopt(&["--attempts", "2", "--lock-timeout", "50ms"]);
    run.said(
        3,
        &["erp.customer", "a lock was not available in time", "tenantry adopt goes on with this step"],
    );
    let forced =
        |catalog: &Catalog| catalog.relations.values().filter(|relation| relation.force_row_security).count();
    assert_eq!(forced(&world.catalog().await), 3);
    holder.batch_execute("COMMIT").await.unwrap();
    world.adopted(&["--abort"]);
    same(&without_records(world.catalog().await), &before);
    assert_eq!(world.rows().await, rows);
    // The way forth is open again.
    world.adopted(BY_COMPANY);
    assert_eq!(world.wrong_rows().await, 0);
    let invoice = &world.catalog().await.relations[&QualifiedName::parse("erp.invoice").unwrap()];
    assert!(invoice.force_row_security);
}

/// One that has come to its end is taken back too, once the ones behind it are.
#[tokio::test]
async fn a_finished_adoption_can_be_taken_back() {
    let mut world = World::new().await;
    world
        .sql("CREATE TABLE erp.tag (id bigint PRIMARY KEY, name text); INSERT INTO erp.tag SELECT 1, 'a'")
        .await;
    let manifest = world.folder.read("tenantry.toml");
    world.folder.write("tenantry.toml", &(manifest + "\n\"erp.tag\" = { class = \"tenant\" }\n"));
    let before = without_records(world.catalog().await);
    let rows = world.rows().await;
    world.adopted(BY_COMPANY);
    let between = world.catalog().await;
    world.adopted(&["tag", "--tenant", A]);
    let first = world.adopt(&["customer", "--abort"]);
    first.said(3, &["the adoption of erp.tag came after that of erp.customer", "take it back first"]);
    assert!(world.adopted(&["--abort"]).err.contains("services see the rows of all tenants"));
    same(&world.catalog().await, &between);
    // Once more does not go on with the one before.
    assert!(world.adopted(&["--abort"]).out.contains("taken back"));
    same(&world.catalog().await, &between);
    let run = world.adopted(&["invoice", "--abort"]);
    assert!(run.out.contains("take back: "), "{run:#?}");
    same(&without_records(world.catalog().await), &before);
    assert_eq!(world.rows().await, rows);
    // There is nothing of it left, and the way forth is open again.
    world.adopt(&["invoice", "--abort"]).said(2, &["no adoption has been begun"]);
    world.adopted(BY_COMPANY);
    assert_eq!(world.wrong_rows().await, 0);
}

/// What others have come to use stays, and the rest goes all the same.
#[tokio::test]
async fn functions_that_other_policies_call_stay() {
    let mut world = World::new().await;
    let before = without_records(world.catalog().await);
    world.adopted(BY_COMPANY);
    world
        .sql("CREATE TABLE erp.tag (tenant_id uuid); CREATE POLICY own ON erp.tag USING (tenant_id = (SELECT tenantry.tenant_id()))")
        .await;
    world.adopted(&["--abort"]);
    let after = world.catalog().await;
    let names: Vec<&str> = after.functions.keys().map(|of| of.name.name().as_str()).collect();
    assert!(names.contains(&"tenant_id") && names.contains(&"no_tenant"), "{names:?}");
    world.sql("DROP TABLE erp.tag; DROP FUNCTION tenantry.tenant_id(), tenantry.no_tenant(text)").await;
    same(&without_records(world.catalog().await), &before);
}

/// An abort that was cut off goes on where it was, and there is no way forth meanwhile.
#[tokio::test]
async fn an_abort_that_was_cut_off_is_gone_on_with() {
    let mut world = World::new().await;
    let before = without_records(world.catalog().await);
    let rows = world.rows().await;
    world.adopted(&[BY_COMPANY, &["--until", "foreign-keys"]].concat());
    let mut stopped = 0;
    loop {
        let mut tool = world.start(&["--abort"]);
        // Each run gets two steps further.
        let second = (0..2).all(|_| tool.until(|event| event["event"] == "undoing").is_some());
        tool.kill();
        if !second {
            break;
        }
        stopped += 1;
        let forth = world.adopt(&[]);
        if forth.code == 2 {
            // It was killed behind its last step.
            break;
        }
        forth.said(3, &["the adoption is being taken back"]);
    }
    assert!(stopped > 5, "{stopped}");
    assert!(world.adopt(&["--status"]).out.contains("taken back"));
    same(&without_records(world.catalog().await), &before);
    assert_eq!(world.rows().await, rows);
}
