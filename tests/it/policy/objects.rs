//! Partitions, views, sequences and grants.

use tenantry::policy::{Tenancy, TenantTable};

use super::{A, B, Place, outcome};
use crate::support::version::{self, FIFTEEN};

#[tokio::test]
async fn a_partition_is_reached_through_its_table_alone() {
    let mut place = Place::new(Tenancy::default()).await;
    place
        .as_owner(&format!(
            "CREATE TABLE erp.entry (tenant_id uuid, id bigint, day date) PARTITION BY RANGE (day);
             CREATE TABLE erp.entry_2026 PARTITION OF erp.entry FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
             INSERT INTO erp.entry VALUES ('{A}', 1, '2026-05-01'), ('{B}', 2, '2026-05-01');
             GRANT ALL ON erp.entry_2026 TO {}",
            place.app
        ))
        .await;
    place
        .secure(&[TenantTable::new("erp.entry").unwrap().partition("erp.entry_2026").unwrap()])
        .await
        .unwrap();
    let mut app = place.as_app().await;
    assert_eq!(outcome(&mut app, Some(A), "SELECT * FROM erp.entry").await, "1");
    assert_eq!(
        outcome(&mut app, Some(A), "INSERT INTO erp.entry (id, day) VALUES (3, '2026-05-02')").await,
        "1"
    );
    for sql in ["SELECT * FROM erp.entry_2026", "TRUNCATE erp.entry_2026"] {
        assert_eq!(outcome(&mut app, Some(A), sql).await, "42501", "{sql}");
    }
    // Whoever grants it again opens nothing.
    place.as_owner(&format!("GRANT SELECT, INSERT ON erp.entry_2026 TO {}", place.app)).await;
    assert_eq!(outcome(&mut app, Some(A), "SELECT * FROM erp.entry_2026").await, "0");
    let insert = format!("INSERT INTO erp.entry_2026 VALUES ('{A}', 4, '2026-05-02')");
    assert_eq!(outcome(&mut app, Some(A), &insert).await, "42501");
}

#[tokio::test]
async fn a_view_reads_with_the_rights_of_the_one_who_asks() {
    let mut place = Place::new(Tenancy::default()).await;
    place
        .as_owner(&format!(
            "CREATE TABLE erp.invoice (tenant_id uuid, id bigint);
             INSERT INTO erp.invoice VALUES ('{A}', 1), ('{B}', 2)"
        ))
        .await;
    // A superuser's view: without security_invoker it would show every row.
    place.admin.batch_execute("CREATE VIEW erp.open_invoice AS SELECT * FROM erp.invoice").await.unwrap();
    let owner = place.owner.clone();
    let table = TenantTable::new("erp.invoice").unwrap().view("erp.open_invoice").unwrap();
    let error = place.secure(std::slice::from_ref(&table)).await.unwrap_err();
    assert!(error.to_string().starts_with(r#"secure "erp"."open_invoice": view failed"#), "{error}");
    place.admin.batch_execute(&format!("ALTER VIEW erp.open_invoice OWNER TO {owner}")).await.unwrap();
    let done = place.secure(&[table]).await;
    if version::of(&place.admin).await < FIFTEEN {
        let error = done.unwrap_err();
        let why = "a view reads with the rights of its owner before PostgreSQL 15";
        assert!(error.code().unwrap().code() == "TN002" && error.to_string().contains(why), "{error}");
        let mut app = place.as_app().await;
        assert_eq!(outcome(&mut app, Some(A), "SELECT * FROM erp.open_invoice").await, "42501");
        return;
    }
    done.unwrap();
    place.admin.batch_execute("ALTER VIEW erp.open_invoice OWNER TO CURRENT_USER").await.unwrap();

    let mut app = place.as_app().await;
    assert_eq!(outcome(&mut app, Some(A), "SELECT * FROM erp.open_invoice").await, "1");
    assert_eq!(outcome(&mut app, None, "SELECT * FROM erp.open_invoice").await, "TN001");
    assert_eq!(outcome(&mut app, Some(A), "DELETE FROM erp.open_invoice").await, "42501");
}

#[tokio::test]
async fn only_four_verbs_are_granted() {
    let mut place = Place::new(Tenancy::default()).await;
    place
        .as_owner(&format!(
            "CREATE SEQUENCE erp.invoice_id;
             CREATE TABLE erp.invoice (tenant_id uuid, id bigint DEFAULT nextval('erp.invoice_id'),
                                       line bigint GENERATED ALWAYS AS IDENTITY);
             GRANT ALL ON erp.invoice TO PUBLIC, {0};
             GRANT REFERENCES (id) ON erp.invoice TO {0}",
            place.app
        ))
        .await;
    place
        .secure(&[TenantTable::new("erp.invoice").unwrap().sequence("erp.invoice_id").unwrap()])
        .await
        .unwrap();
    for role in [&place.app, &place.system] {
        let row = place
            .admin
            .query_one(
                "SELECT coalesce(string_agg(privilege, ' ' ORDER BY privilege), '')
                 FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
                     AS p (privilege)
                 WHERE has_table_privilege($1::text, 'erp.invoice', privilege)",
                &[role],
            )
            .await
            .unwrap();
        assert_eq!(row.get::<_, &str>(0), "DELETE INSERT SELECT UPDATE");
        let references = "SELECT has_any_column_privilege($1::text, 'erp.invoice', 'REFERENCES')";
        assert!(!place.admin.query_one(references, &[role]).await.unwrap().get::<_, bool>(0));
    }
    let mut app = place.as_app().await;
    assert_eq!(outcome(&mut app, Some(A), "INSERT INTO erp.invoice DEFAULT VALUES").await, "1");
}
