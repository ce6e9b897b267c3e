//! Who can do what to whose rows.

use tenantry::TenantType;
use tenantry::policy::{Missing, Tenancy, TenantTable};

use super::{A, B, Place, outcome};

/// A table with one row of each tenant's, secured.
async fn place(tenancy: Tenancy) -> Place {
    let mut place = Place::new(tenancy).await;
    place
        .as_owner(&format!(
            "CREATE TABLE erp.invoice (tenant_id uuid, id bigint, total int);
             INSERT INTO erp.invoice VALUES ('{A}', 1, 10), ('{B}', 2, 20);
             CREATE TABLE erp.empty (tenant_id uuid, id bigint)"
        ))
        .await;
    let invoice = TenantTable::new("erp.invoice").unwrap().unique(["id"]).unwrap();
    place.secure(&[invoice, TenantTable::new("erp.empty").unwrap()]).await.unwrap();
    place
}

/// The statements, each with what it comes to as tenant A, with an empty tenant, and with none ever bound.
/// Row 1 is A's and row 2 is B's.
const STATEMENTS: [(&str, &str, &str, &str); 15] = [
    ("SELECT * FROM erp.invoice", "1", "TN001", "0"),
    ("SELECT * FROM erp.invoice WHERE id = 2", "0", "TN001", "0"),
    ("SELECT * FROM erp.invoice FOR UPDATE", "1", "TN001", "0"),
    ("INSERT INTO erp.invoice (id) VALUES (3)", "1", "TN001", "42501"),
    ("INSERT INTO erp.invoice VALUES ('{A}', 3)", "1", "TN001", "42501"),
    ("INSERT INTO erp.invoice VALUES ('{B}', 3)", "42501", "TN001", "42501"),
    ("UPDATE erp.invoice SET total = 0", "1", "TN001", "0"),
    ("UPDATE erp.invoice SET total = 0 WHERE id = 2", "0", "TN001", "0"),
    ("UPDATE erp.invoice SET tenant_id = '{B}'", "42501", "TN001", "0"),
    ("UPDATE erp.invoice SET tenant_id = '{B}' WHERE id = 1", "42501", "TN001", "0"),
    ("DELETE FROM erp.invoice", "1", "TN001", "0"),
    ("DELETE FROM erp.invoice WHERE id = 2", "0", "TN001", "0"),
    (
        "INSERT INTO erp.invoice VALUES ('{A}', 1) ON CONFLICT (tenant_id, id) DO UPDATE SET total = 0",
        "1",
        "TN001",
        "42501",
    ),
    (
        "INSERT INTO erp.invoice VALUES ('{B}', 2) ON CONFLICT (tenant_id, id) DO UPDATE SET total = 0",
        "42501",
        "TN001",
        "42501",
    ),
    ("TRUNCATE erp.invoice", "42501", "42501", "42501"),
];

async fn check(missing: Missing) {
    let place = place(Tenancy::new(TenantType::Uuid).missing(missing)).await;
    for (statement, own, error, empty) in STATEMENTS {
        let sql = statement.replace("{A}", A).replace("{B}", B);
        let unbound = match missing {
            Missing::Error => error,
            Missing::Empty => empty,
        };
        // A setting that was never set reads as NULL, one that was reset as an empty text: both mean none.
        let mut fresh = place.as_app().await;
        let mut reset = place.as_app().await;
        reset.batch_execute("BEGIN; SET LOCAL app.tenant_id = 'x'; COMMIT").await.unwrap();
        let found = [
            outcome(&mut fresh, None, &sql).await,
            outcome(&mut reset, None, &sql).await,
            outcome(&mut fresh, Some(""), &sql).await,
            outcome(&mut fresh, Some(A), &sql).await,
        ];
        assert_eq!(found, [unbound, unbound, unbound, own], "never bound, reset, empty, own: {sql}");
    }
}

#[tokio::test]
async fn a_tenant_reaches_its_own_rows_and_none_gets_an_error() {
    check(Missing::Error).await;
}

#[tokio::test]
async fn a_tenant_reaches_its_own_rows_and_none_gets_nothing() {
    check(Missing::Empty).await;
}

#[tokio::test]
async fn the_error_says_what_to_do() {
    let place = place(Tenancy::default()).await;
    let error = place.as_app().await.query("SELECT * FROM erp.invoice", &[]).await.unwrap_err();
    let db = error.as_db_error().unwrap();
    assert_eq!(db.message(), "no tenant is bound: setting app.tenant_id is empty");
    assert!(db.hint().unwrap().contains("set_config('app.tenant_id', tenant, true)"), "{db:?}");
}

#[tokio::test]
async fn the_floor_holds_when_somebody_adds_a_permissive_policy() {
    let place = place(Tenancy::default()).await;
    place.as_owner("CREATE POLICY everything ON erp.invoice USING (true) WITH CHECK (true)").await;
    let mut app = place.as_app().await;
    assert_eq!(outcome(&mut app, Some(A), "SELECT * FROM erp.invoice").await, "1");
    assert_eq!(
        outcome(&mut app, Some(A), &format!("INSERT INTO erp.invoice VALUES ('{B}', 9)")).await,
        "42501"
    );
    assert_eq!(outcome(&mut app, None, "SELECT * FROM erp.invoice").await, "TN001");
}

#[tokio::test]
async fn the_owner_is_bound_too_and_the_system_role_is_not() {
    let mut place = place(Tenancy::default()).await;
    let mut system = place.login(&place.system).await;
    place.admin.batch_execute(&format!("SET ROLE {}", place.owner)).await.unwrap();
    for sql in ["SELECT * FROM erp.invoice", "UPDATE erp.invoice SET total = 0"] {
        assert_eq!(outcome(&mut place.admin, None, sql).await, "TN001", "{sql}");
        assert_eq!(outcome(&mut place.admin, Some(B), sql).await, "1", "{sql}");
    }
    assert_eq!(outcome(&mut system, None, "UPDATE erp.invoice SET total = 0").await, "2");
    assert_eq!(outcome(&mut system, None, "TRUNCATE erp.invoice").await, "42501");
}

#[tokio::test]
async fn an_insert_into_an_empty_table_needs_a_tenant() {
    let place = place(Tenancy::default()).await;
    let mut app = place.as_app().await;
    assert_eq!(outcome(&mut app, None, "INSERT INTO erp.empty (id) VALUES (1)").await, "TN001");
    assert_eq!(outcome(&mut app, Some(A), "INSERT INTO erp.empty (id) VALUES (1)").await, "1");
}

#[tokio::test]
async fn the_second_of_two_equal_conditions_costs_nothing() {
    let place = place(Tenancy::default()).await;
    place.admin.batch_execute("ANALYZE erp.invoice").await.unwrap();
    let app = place.as_app().await;
    let plan = app.query("EXPLAIN (COSTS OFF) SELECT * FROM erp.invoice WHERE id = 1", &[]).await.unwrap();
    let plan: Vec<&str> = plan.iter().map(|row| row.get(0)).collect();
    assert!(!plan.join("\n").contains("InitPlan 2"), "{plan:#?}");
    assert_eq!(plan.join("\n").matches("tenant_id = ").count(), 1, "{plan:#?}");
}

#[tokio::test]
async fn every_type_of_tenant_works() {
    for (tenant_type, own, other) in [
        (TenantType::Uuid, A, B),
        (TenantType::Bigint, "9007199254740993", "2"),
        (TenantType::Integer, "-7", "2"),
        (TenantType::Text, "o'brien \\ söhne", "acme"),
    ] {
        for missing in [Missing::Error, Missing::Empty] {
            let mut place = Place::new(Tenancy::new(tenant_type).missing(missing)).await;
            place.as_owner(&format!("CREATE TABLE erp.note (tenant_id {tenant_type}, id int)")).await;
            place.secure(&[TenantTable::new("erp.note").unwrap()]).await.unwrap();
            let mut app = place.as_app().await;
            for tenant in [own, other] {
                let transaction = app.transaction().await.unwrap();
                transaction
                    .query_one("SELECT set_config('app.tenant_id', $1, true)", &[&tenant])
                    .await
                    .unwrap();
                transaction.batch_execute("INSERT INTO erp.note (id) VALUES (1)").await.unwrap();
                transaction.commit().await.unwrap();
            }
            assert_eq!(outcome(&mut app, Some(own), "SELECT * FROM erp.note").await, "1", "{tenant_type}");
            let unbound = if missing == Missing::Error { "TN001" } else { "0" };
            assert_eq!(outcome(&mut app, None, "SELECT * FROM erp.note").await, unbound, "{tenant_type}");
        }
    }
}
