//! Foreign keys, unique indexes, and running a script again.

use tenantry::policy::{ForeignKey, OnDelete, Roles, Tenancy, TenantTable, secure};
use tokio_postgres::error::SqlState;

use super::{A, B, Place, outcome};
use crate::support::version::{self, FIFTEEN};

fn customer() -> TenantTable {
    TenantTable::new("erp.customer").unwrap().unique(["id"]).unwrap()
}

fn invoice(on_delete: OnDelete) -> TenantTable {
    let key = ForeignKey::new(["customer_id"], "erp.customer", ["id"]).unwrap().on_delete(on_delete);
    TenantTable::new("erp.invoice").unwrap().foreign_key(key.replaces("invoice_customer_id_fkey").unwrap())
}

/// Customers 1 of A's and 2 of B's, an invoice for each, and the foreign key that most schemas have.
async fn place() -> Place {
    let place = Place::new(Tenancy::default()).await;
    place
        .as_owner(&format!(
            "CREATE TABLE erp.customer (tenant_id uuid, id bigint PRIMARY KEY);
             INSERT INTO erp.customer VALUES ('{A}', 1), ('{B}', 2);
             CREATE TABLE erp.invoice (tenant_id uuid, id bigint PRIMARY KEY,
                                       customer_id bigint REFERENCES erp.customer ON DELETE CASCADE);
             INSERT INTO erp.invoice VALUES ('{A}', 1, 1), ('{B}', 2, 2)"
        ))
        .await;
    place
}

#[tokio::test]
async fn a_foreign_key_does_not_lead_to_another_tenants_row() {
    let mut place = place().await;
    let mut app = {
        place.secure(&[invoice(OnDelete::Cascade), customer()]).await.unwrap();
        place.as_app().await
    };
    let insert = |id: i32| format!("INSERT INTO erp.invoice (id, customer_id) VALUES (9, {id})");
    assert_eq!(outcome(&mut app, Some(A), &insert(1)).await, "1");
    assert_eq!(outcome(&mut app, Some(A), &insert(2)).await, "23503", "a customer of the other tenant's");
    assert_eq!(outcome(&mut app, Some(A), &insert(3)).await, "23503", "no customer: the same answer");
    assert_eq!(outcome(&mut app, Some(A), "DELETE FROM erp.customer").await, "1");
}

#[tokio::test]
async fn a_key_is_validated_against_rows_that_policies_would_hide() {
    let mut place = place().await;
    place.as_owner(&format!("UPDATE erp.invoice SET tenant_id = '{B}' WHERE id = 1")).await;
    // Secured before, so that FORCE hides the rows of both from their owner.
    place.secure(&[customer(), TenantTable::new("erp.invoice").unwrap()]).await.unwrap();
    let error = place.secure(&[invoice(OnDelete::NoAction)]).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::FOREIGN_KEY_VIOLATION), "{error}");
    assert!(error.to_string().starts_with(r#"secure "erp"."invoice": foreign key failed"#), "{error}");

    let before = place.catalog().await;
    assert!(
        before.iter().any(|line| line.contains("invoice_customer_id_fkey")),
        "nothing remains of a failed script"
    );
    place
        .admin
        .batch_execute(&format!("UPDATE erp.invoice SET tenant_id = '{A}' WHERE id = 1"))
        .await
        .unwrap();
    place.secure(&[invoice(OnDelete::NoAction)]).await.unwrap();
    let forced = place
        .catalog()
        .await
        .iter()
        .filter(|line| line.starts_with("r erp.") && line.contains("force t"))
        .count();
    assert_eq!(forced, 2, "both tables are FORCEd again");
}

#[tokio::test]
async fn set_null_leaves_the_tenant_alone() {
    let mut place = place().await;
    let done = place.secure(&[invoice(OnDelete::SetNull), customer()]).await;
    if version::of(&place.admin).await < FIFTEEN {
        let error = done.unwrap_err();
        let why = "invoice_customer_id_tenant_fkey asks for ON DELETE SET NULL, which takes a list of columns from PostgreSQL 15 on";
        assert!(error.code().unwrap().code() == "TN002" && error.to_string().contains(why), "{error}");
        return;
    }
    done.unwrap();
    let app = place.as_app().await;
    let left = app
        .simple_query(&format!(
            "BEGIN; SET LOCAL app.tenant_id = '{A}'; DELETE FROM erp.customer;
             SELECT tenant_id, customer_id FROM erp.invoice; COMMIT"
        ))
        .await
        .unwrap();
    let row = left.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => {
            Some((row.get(0).map(str::to_owned), row.get(1).is_none()))
        }
        _ => None,
    });
    assert_eq!(row, Some((Some(A.to_owned()), true)));
}

#[tokio::test]
async fn a_table_may_hold_one_row_per_tenant() {
    let mut place = place().await;
    place.as_owner("CREATE TABLE erp.company (bid uuid PRIMARY KEY, name text)").await;
    place.as_owner("CREATE TABLE erp.site (tenant_id uuid, id int)").await;
    let company = TenantTable::new("erp.company").unwrap().column("bid").unwrap().unique([]).unwrap();
    let key = ForeignKey::new([], "erp.company", []).unwrap();
    place.secure(&[TenantTable::new("erp.site").unwrap().foreign_key(key), company]).await.unwrap();
    let catalog = place.catalog().await;
    assert!(catalog.iter().any(|line| line.contains("FOREIGN KEY (tenant_id) REFERENCES erp.company(bid)")));
    assert_eq!(
        catalog.iter().filter(|line| line.contains("UNIQUE INDEX") && line.contains("company")).count(),
        1
    );
}

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let mut place = place().await;
    place
        .as_owner(
            "CREATE TABLE erp.entry (tenant_id uuid, id bigint, day date) PARTITION BY RANGE (day);
             CREATE TABLE erp.entry_2026 PARTITION OF erp.entry FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
             CREATE VIEW erp.open_invoice AS SELECT * FROM erp.invoice;
             CREATE SEQUENCE erp.entry_id",
        )
        .await;
    let entry = TenantTable::new("erp.entry").unwrap().partition("erp.entry_2026").unwrap();
    let of_invoices = match version::of(&place.admin).await {
        ..FIFTEEN => invoice(OnDelete::Cascade),
        _ => invoice(OnDelete::SetNull).view("erp.open_invoice").unwrap(),
    };
    let tables =
        [customer(), of_invoices, entry.sequence("erp.entry_id").unwrap().unique(["id", "day"]).unwrap()];
    place.secure(&tables).await.unwrap();
    let first = place.catalog().await;
    let oids = "SELECT string_agg(oid::text, ' ' ORDER BY oid) FROM pg_constraint WHERE contype = 'f'";
    let kept: String = place.admin.query_one(oids, &[]).await.unwrap().get(0);
    place.secure(&tables).await.unwrap();
    assert_eq!(place.catalog().await, first);
    let again: String = place.admin.query_one(oids, &[]).await.unwrap().get(0);
    assert_eq!(again, kept, "a foreign key that is there is not validated anew");

    let changed = [customer(), invoice(OnDelete::Restrict)];
    place.secure(&changed).await.unwrap();
    let catalog = place.catalog().await;
    assert_eq!(catalog.iter().filter(|line| line.contains("ON DELETE RESTRICT")).count(), 1, "{catalog:#?}");
    assert!(!catalog.iter().any(|line| line.contains("SET NULL") || line.contains("ON DELETE CASCADE")));
}

#[tokio::test]
async fn the_bootstrap_has_to_come_first() {
    let mut place = place().await;
    let elsewhere = place.tenancy.clone().support_schema("nowhere").unwrap();
    let script = secure(&elsewhere, &place.roles, &[customer()]).unwrap();
    let error = place.apply_as_owner(&script).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "check the bootstrap failed: function nowhere.tenant_id() does not exist; expected it to return uuid; \
         run the bootstrap of this tenancy first"
    );
    assert!(Roles::new("a", "a").is_err());
}
