//! What is reached past the policies of a table: large objects, statistics, and rows that a foreign key changes by itself.

use tenantry::prove::{Aim, Proof, Verdict};

use super::{Prover, manifest, secured, secured_with};
use crate::policy::Admin;

async fn proof(database: &Admin, app: &str) -> Proof {
    Prover::new(database, app, &manifest(app, "")).await.proof().await
}

/// The attempts that leaked on one thing, each with its aim.
fn leaked<'a>(proof: &'a Proof, object: &str) -> Vec<(&'a str, Aim)> {
    let of = proof.broken().filter(|(subject, _)| subject.name == object);
    of.map(|(_, cell)| (cell.attempt.as_str(), cell.aim)).collect()
}

#[tokio::test]
async fn large_objects_that_the_app_role_reaches_are_red() {
    let (database, app) = secured("").await;
    let before = proof(&database, &app).await;
    let of = before.subjects.iter().find(|subject| subject.name == "pg_largeobject").unwrap();
    assert!(before.is_clean() && of.cells.len() == 27, "{before}");
    for kind in [Aim::Other, Aim::Empty, Aim::None] {
        assert!(of.cells.iter().any(|cell| cell.aim == kind && cell.attempt == "lo_get"), "{before}");
    }
    // One tenant's, as the app role keeps it: whoever logs in as that role has it.
    let mut session = database.login(&app).await;
    let transaction = session.transaction().await.unwrap();
    let number: u32 = transaction.query_one("SELECT lo_from_bytea(0, 'x')", &[]).await.unwrap().get(0);
    transaction.commit().await.unwrap();
    let owned = proof(&database, &app).await;
    let read = ("read those that are there", Aim::Other);
    let write = ("write those that are there", Aim::Empty);
    let leaks = leaked(&owned, "pg_largeobject");
    assert!(leaks.len() == 6 && leaks.contains(&read) && leaks.contains(&write), "{owned}");
    database
        .batch_execute(&format!(
            "ALTER LARGE OBJECT {number} OWNER TO CURRENT_USER; GRANT SELECT ON LARGE OBJECT {number} TO PUBLIC"
        ))
        .await
        .unwrap();
    let granted = proof(&database, &app).await;
    let aims = [Aim::Other, Aim::Empty, Aim::None];
    assert_eq!(leaked(&granted, "pg_largeobject"), aims.map(|aim| (read.0, aim)), "{granted}");
}

#[tokio::test]
async fn statistics_of_all_tenants_are_hidden_while_policies_are_asked() {
    let (database, app) = secured("").await;
    let statistics =
        "INSERT INTO customer SELECT n, gen_random_uuid(), 'n' || n FROM generate_series(1, 40) AS n;
        CREATE INDEX by_lower ON customer (tenant_id, lower(name));
        CREATE STATISTICS together ON name, id FROM customer;
        CREATE STATISTICS of_upper ON upper(name) FROM customer;
        ANALYZE customer";
    database.batch_execute(statistics).await.unwrap();
    let kept = proof(&database, &app).await;
    let cells: Vec<_> = kept
        .cells()
        .filter(|(subject, cell)| subject.name == "public.customer" && cell.attempt.contains("statistics"))
        .collect();
    assert!(cells.len() == 2 && cells.iter().all(|(_, cell)| cell.verdict == Verdict::Held), "{cells:?}");
    database.batch_execute("ALTER TABLE customer DISABLE ROW LEVEL SECURITY").await.unwrap();
    let open = proof(&database, &app).await;
    let leaks = leaked(&open, "public.customer");
    for attempt in ["statistics", "right to statistics"] {
        assert!(leaks.contains(&(attempt, Aim::Other)), "{attempt}: {open}");
    }
    let cell = open.broken().find(|(_, cell)| cell.attempt == "statistics").unwrap().1;
    // Of the columns, at the least; who reads those of expressions is another matter in each version.
    let rows: u32 = cell.answer.split(' ').next().unwrap().parse().unwrap();
    assert!(rows >= 3, "{}", cell.answer);
}

const FAMILY: &str =
    "CREATE TABLE parent (tenant_id bigint NOT NULL, id uuid PRIMARY KEY, UNIQUE (tenant_id, id));
    CREATE TABLE child (tenant_id bigint NOT NULL, id uuid PRIMARY KEY, parent_id uuid);";

#[tokio::test]
async fn what_a_key_does_to_rows_of_another_tenant_is_red() {
    for (key, attempts) in [
        ("(parent_id) REFERENCES parent (id) ON DELETE CASCADE", &["cascade delete by way"][..]),
        ("(parent_id) REFERENCES parent (id) ON DELETE SET NULL", &["cascade delete by way"]),
        ("(parent_id) REFERENCES parent (id) ON UPDATE CASCADE", &["cascade update by way"]),
        (
            "(parent_id) REFERENCES parent (id) ON UPDATE SET NULL ON DELETE SET DEFAULT DEFERRABLE INITIALLY DEFERRED",
            &["cascade delete by way", "cascade update by way"],
        ),
        ("(parent_id) REFERENCES parent (id)", &[]),
        ("(tenant_id, parent_id) REFERENCES parent (tenant_id, id) ON DELETE CASCADE ON UPDATE CASCADE", &[]),
    ] {
        let (database, app) = secured_with(FAMILY, "").await;
        let add = format!("ALTER TABLE child ADD CONSTRAINT way FOREIGN KEY {key}");
        database.batch_execute(&add).await.unwrap();
        let proof = proof(&database, &app).await;
        let leaks = leaked(&proof, "public.child");
        let followed: Vec<&str> =
            leaks.iter().map(|(attempt, _)| *attempt).filter(|of| of.starts_with("cascade")).collect();
        assert_eq!(followed, attempts, "{key}: {proof}");
        assert_eq!(proof.unproved().count(), 0, "{key}: {proof}");
        let tried = proof.cells().filter(|(_, cell)| cell.attempt.starts_with("cascade")).count();
        let acts = key.matches(" ON DELETE ").count() + key.matches(" ON UPDATE ").count();
        assert_eq!(tried, acts, "{key}: {proof}");
    }
}

#[tokio::test]
async fn the_app_role_alone_follows_keys_too() {
    let (database, app) = secured_with(FAMILY, "").await;
    let add = "ALTER TABLE child ADD CONSTRAINT way FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE";
    database.batch_execute(add).await.unwrap();
    let prover = Prover::new(&database, &app, &manifest(&app, "")).await;
    let proof = prover.alone().run().await.unwrap();
    let leaks = leaked(&proof, "public.child");
    assert!(leaks.contains(&("cascade delete by way", Aim::Other)), "{proof}");
    let of = proof.subjects.iter().find(|subject| subject.name == "pg_largeobject").unwrap();
    assert!(of.cells.iter().all(|cell| cell.verdict == Verdict::Held) && of.cells.len() == 9, "{of:?}");
}
