//! What somebody has to settle: rows whose tenant nothing tells, and everything that is refused.

use super::world::{A, BY_COMPANY, World};
use crate::policy::unique;

const LOST: &str = "
    ALTER TABLE erp.invoice DROP CONSTRAINT invoice_customer_fkey;
    UPDATE erp.invoice SET copy_of = NULL;
    UPDATE erp.invoice SET customer_id = NULL WHERE id IN (1, 2, 3);
    UPDATE erp.invoice SET customer_id = 1000 WHERE id IN (4, 5);
    ALTER TABLE erp.invoice ADD CONSTRAINT invoice_customer_fkey FOREIGN KEY (customer_id) REFERENCES erp.customer
        ON DELETE CASCADE NOT VALID;
    ALTER TABLE erp.customer ADD tenant_id uuid;
    UPDATE erp.customer SET tenant_id = company_id WHERE id <> 7;
";

/// Nobody guesses: what is not known is counted, listed, and waited for.
#[tokio::test]
async fn rows_whose_tenant_nothing_tells_are_reported_and_waited_for() {
    let world = World::new().await;
    world.sql(LOST).await;
    let run = world.adopt(&["invoice"]);
    assert_eq!(run.code, 1, "{run:#?}");
    let of_seven = world.count("SELECT count(*) FROM erp.invoice WHERE customer_id = 7").await;
    for part in [
        format!("{} rows of erp.invoice without a tenant", 5 + of_seven),
        format!(
            "3 name no parent, 2 name a parent that is not there, {of_seven} have a parent without a tenant"
        ),
        "SELECT * FROM \"erp\".\"invoice\" WHERE \"tenant_id\" IS NULL;".to_owned(),
    ] {
        assert!(run.unwrapped().contains(&part), "{part} in {run:#?}");
    }
    let null = "SELECT count(*) FROM erp.invoice WHERE tenant_id IS NULL";
    assert_eq!(world.count(null).await, 5 + of_seven);
    // As long as nobody settles them it stays where it is, and says so at once.
    let again = world.adopt(&["--format", "json"]);
    assert_eq!(again.code, 1, "{again:#?}");
    let last: serde_json::Value = serde_json::from_str(again.out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["without_key"], &last["without_parent"]), (&3.into(), &2.into()), "{last}");
    assert_eq!(last["parent_without_tenant"], of_seven, "{last}");
    assert!(!again.out.contains("\"event\":\"batch\""), "{again:#?}");
    // Settled in three ways: the parent is known, the tenant is said, the row goes.
    world
        .sql(
            "UPDATE erp.customer SET tenant_id = company_id WHERE id = 7;
             UPDATE erp.invoice SET customer_id = 2 WHERE id IN (4, 5);
             UPDATE erp.invoice SET tenant_id = '00000000-0000-0000-0000-00000000000c' WHERE id IN (1, 2);
             DELETE FROM erp.invoice WHERE id = 3;",
        )
        .await;
    world.adopted(&[]);
    assert_eq!(world.count(null).await, 0);
    let said = "SELECT count(*) FROM erp.invoice WHERE id IN (1, 2) AND tenant_id = '00000000-0000-0000-0000-00000000000c'";
    assert_eq!(world.count(said).await, 2);
    let forced = "SELECT count(*) FROM pg_class WHERE oid = 'erp.invoice'::regclass AND relforcerowsecurity";
    assert_eq!(world.count(forced).await, 1);
}

/// A row that refers to another tenant's is for people to settle.
#[tokio::test]
async fn rows_that_refer_to_another_tenants_are_reported() {
    let mut world = World::new().await;
    // The copy of an invoice of another company's.
    world.sql("UPDATE erp.invoice SET copy_of = 2 WHERE id = 3").await;
    let run = world.adopt(BY_COMPANY);
    assert_eq!(run.code, 1, "{run:#?}");
    for part in [
        "1 row of erp.invoice in the way",
        "foreign key invoice_copy_of_fkey holds for every row",
        "NOT EXISTS",
    ] {
        assert!(run.out.contains(part), "{part} in {run:#?}");
    }
    // The query is one to run.
    let (_, query) = run.out.rsplit_once("      SELECT t.*").unwrap();
    let query = format!("SELECT count(*) FROM (SELECT t.* {}) AS rows", query.split(';').next().unwrap());
    assert_eq!(world.count(&query).await, 1);
    world.sql("UPDATE erp.invoice SET copy_of = NULL WHERE id = 3").await;
    world.adopted(&[]);
    assert_eq!(world.wrong_rows().await, 0);
    assert!(world.planned().await.iter().all(|step| step.starts_with("erp.company: ")));
}

#[tokio::test]
async fn what_cannot_be_adopted_is_refused_before_anything_runs() {
    let mut world = World::new().await;
    let before = world.catalog().await;
    let run = world.adopt(&["invoice"]);
    assert_eq!(run.code, 1, "{run:#?}");
    assert!(
        run.out.contains("erp.invoice has no foreign key to a table that knows its rows' tenants"),
        "{run:#?}"
    );
    world.adopt(&[]).said(2, &["no adoption has been begun", "name the tables to adopt"]);
    let run = world.adopt(&["customer", "--tenant", "x"]);
    assert!(run.code == 1 && run.out.contains("the tenant is not a uuid"), "{run:#?}");
    world.adopt(&["customer", "--pause", "soon"]).said(2, &["--pause"]);
    world.adopt(&["customer", "--until", "soon"]).said(2, &["expected one of column, fill, backfill"]);
    world.adopt(&["customer", "--batch", "0"]).said(2, &["--batch"]);
    assert!(world.catalog().await == before);
    // One at a time.
    world.adopted(&["customer", "--until", "column"]);
    let other = world.adopt(&["note", "--tenant", super::world::A]);
    other.said(2, &["the adoption of erp.customer has not ended", "tenantry adopt --abort takes it back"]);
}

/// Who would see no rows, or may not do it, is told so before anything runs.
#[tokio::test]
async fn a_role_that_cannot_adopt_is_refused_with_what_to_do() {
    let mut world = World::new().await;
    let (nobody, member) = (unique("nobody"), unique("member"));
    world
        .sql(&format!(
            "CREATE ROLE {nobody} LOGIN PASSWORD 'x'; CREATE ROLE {member} LOGIN PASSWORD 'x'; GRANT {}, {} TO {member};",
            world.owner, world.system
        ))
        .await;
    let before = world.catalog().await;
    let [of_nobody, of_member] = [&nobody, &member].map(|role| world.database.url_as(role, "x"));
    let run = world.adopt_as(&of_nobody, BY_COMPANY);
    assert_eq!(run.code, 1, "{run:#?}");
    for part in [
        format!(
            "role {nobody} does not own erp.customer; log in as a superuser, or as a member of {}",
            world.owner
        ),
        format!("run GRANT \"{}\" TO \"{nobody}\"", world.system),
        format!("run GRANT CREATE ON SCHEMA \"erp\" TO \"{nobody}\""),
    ] {
        assert!(run.unwrapped().contains(&part), "{part} in {run:#?}");
    }
    world.sql("ALTER TABLE erp.company ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY").await;
    let run = world.adopt_as(&of_member, BY_COMPANY);
    assert_eq!(run.code, 1, "{run:#?}");
    let part = format!(
        "policies of erp.company hide rows from role {member}; log in as a superuser, or run ALTER ROLE"
    );
    assert!(run.unwrapped().contains(&part), "{part} in {run:#?}");
    world.sql("ALTER TABLE erp.company DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY").await;
    assert!(world.catalog().await == before);
    // A member of the owner is enough where nothing is hidden from it.
    let run = world.adopt_as(&of_member, &[BY_COMPANY, &["--batch", "100"]].concat());
    assert_eq!(run.code, 0, "{run:#?}");
    assert_eq!(world.wrong_rows().await, 0);
}

/// The check of a foreign key asks policies too: what sees some of the rows alone fails, and says nothing of the others.
#[tokio::test]
async fn a_foreign_key_is_not_found_to_hold_by_a_role_that_does_not_see_all_rows() {
    let world = World::new().await;
    let mover = unique("mover");
    world
        .sql(&format!(
            "CREATE ROLE {mover} LOGIN BYPASSRLS PASSWORD 'x'; GRANT {}, {} TO {mover};",
            world.owner, world.system
        ))
        .await;
    let url = world.database.url_as(&mover, "x");
    for args in [&["customer"][..], &["invoice", "--until", "keys"]] {
        let run = world.adopt_as(&url, args);
        assert_eq!(run.code, 0, "{run:#?}");
    }
    world.sql(&format!("ALTER ROLE {mover} NOBYPASSRLS")).await;
    let run = world.adopt_as(&url, &[]);
    run.said(
        3,
        &[
            "the one beside foreign key invoice_customer_fkey holds for every row failed",
            "row-level security policy",
        ],
    );
    let unchecked = "SELECT count(*) FROM pg_constraint WHERE conname = 'invoice_customer_fkey_tenant' AND NOT convalidated";
    assert_eq!(world.count(unchecked).await, 1);
    world.sql(&format!("ALTER ROLE {mover} BYPASSRLS")).await;
    let run = world.adopt_as(&url, &[]);
    assert_eq!(run.code, 0, "{run:#?}");
}

/// With BYPASSRLS, what is under FORCE already is read as it is.
#[tokio::test]
async fn parents_that_are_under_force_already_tell_their_tenants() {
    let mut world = World::new().await;
    let mover = unique("mover");
    world
        .sql(&format!(
            "CREATE ROLE {mover} LOGIN BYPASSRLS PASSWORD 'x'; GRANT {}, {} TO {mover};",
            world.owner, world.system
        ))
        .await;
    let url = world.database.url_as(&mover, "x");
    let first = world.adopt_as(&url, &["customer"]);
    assert_eq!(first.code, 0, "{first:#?}");
    let rest: &[&str] =
        &["invoice", "--children", "--via", "invoice=customer", "--via", "erp.\"Odd \"\"line\"\"\"=invoice"];
    let stopped = world.adopt_as(&url, &[rest, &["--until", "fill"]].concat());
    assert_eq!(stopped.code, 0, "{stopped:#?}");
    // Services that know of tenants where policies hold already write to the tables that have none yet.
    let mut app = world.as_app().await;
    let transaction = app.transaction().await.unwrap();
    transaction.query_one("SELECT set_config('app.tenant_id', $1, true)", &[&super::world::A]).await.unwrap();
    transaction
        .execute("INSERT INTO erp.invoice (customer_id, number) VALUES (3, 'bound')", &[])
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    app.execute("INSERT INTO erp.invoice (customer_id, number) VALUES (1, 'not bound')", &[]).await.unwrap();
    let done = world.adopt_as(&url, &[]);
    assert_eq!(done.code, 0, "{done:#?}");
    assert_eq!(world.wrong_rows().await, 0);
    assert!(world.planned().await.iter().all(|step| step.starts_with("erp.company: ")));
}

/// The records hold SQL, so nobody else may have written them.
#[tokio::test]
async fn records_of_somebody_else_are_not_run() {
    let world = World::new().await;
    let planted = format!(
        "CREATE SCHEMA tenantry AUTHORIZATION {app}; SET ROLE {app}; CREATE TABLE tenantry.adoption (id bigint);
         CREATE TABLE tenantry.adoption_step (adoption bigint); RESET ROLE",
        app = world.app
    );
    world.sql(&planted).await;
    for args in [&["note", "--tenant", A][..], &[], &["--status"], &["--abort"]] {
        world.adopt(args).said(3, &["the records of adoptions in schema", &world.app, "log in as that role"]);
    }
}
