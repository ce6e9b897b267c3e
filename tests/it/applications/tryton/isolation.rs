//! Every table of a company's, as each of two companies and as nobody.

use std::collections::BTreeMap;

use tenantry::QualifiedName;
use tenantry::catalog::Catalog;
use tenantry::policy::Place;
use tokio_postgres::Client;

use crate::policy::{Admin, outcome};

async fn count(client: &Client, sql: &str) -> String {
    client.query_one(&format!("SELECT count(*)::text FROM ({sql}) AS q"), &[]).await.unwrap().get(0)
}

pub async fn check(
    admin: &Admin,
    app: &str,
    catalog: &Catalog,
    places: &BTreeMap<&QualifiedName, Place<'_>>,
) {
    let mut app = admin.login(app).await;
    let (mut with_rows, mut refused) = (0, 0);
    for (&name, place) in places {
        let all: u32 = count(admin, &format!("SELECT FROM {name}")).await.parse().unwrap();
        with_rows += u32::from(all > 0 && place.holds_tenants());
        let read = format!("SELECT FROM {name}");
        let seen = [outcome(&mut app, Some("1"), &read).await, outcome(&mut app, Some("2"), &read).await];
        match place {
            Place::Tenant { column, .. } | Place::SharedRows { column } => {
                let column = &column.name;
                let shared = count(admin, &format!("SELECT FROM {name} WHERE {column} IS NULL")).await;
                for (company, seen) in ["1", "2"].iter().zip(&seen) {
                    let own = format!("SELECT FROM {name} WHERE {column} = {company}");
                    let own: u32 = count(admin, &own).await.parse().unwrap();
                    assert_eq!(
                        *seen,
                        (own + shared.parse::<u32>().unwrap()).to_string(),
                        "{name} as {company}"
                    );
                }
                let others = format!("DELETE FROM {name} WHERE {column} IS DISTINCT FROM 1");
                assert_eq!(outcome(&mut app, Some("1"), &others).await, "0", "{others}");
                let others =
                    format!("UPDATE {name} SET {column} = {column} WHERE {column} IS DISTINCT FROM 1");
                assert_eq!(outcome(&mut app, Some("1"), &others).await, "0", "{others}");
                let insert = format!("INSERT INTO {name} ({column}) VALUES (2)");
                assert_eq!(outcome(&mut app, Some("1"), &insert).await, "42501", "{insert}");
                let moved = format!("UPDATE {name} SET {column} = 2");
                let moved = outcome(&mut app, Some("1"), &moved).await;
                let own: u32 = seen[0].parse::<u32>().unwrap() - shared.parse::<u32>().unwrap();
                assert_eq!(moved, if own > 0 { "42501" } else { "0" }, "{name} moved");
            }
            Place::Child { key, .. } => {
                let seen: Vec<u32> = seen.iter().map(|seen| seen.parse().unwrap()).collect();
                assert_eq!(seen[0] + seen[1], all, "{name}: each row is seen by one company");
                // A row that refers to what the other company alone has.
                let (own, referenced) = (&key.columns[0], &key.referenced_columns[0]);
                let hidden = format!(
                    "SELECT p.{referenced}::text FROM {0} AS p WHERE NOT p.{referenced} = ANY ($1::int[]) LIMIT 1",
                    key.references
                );
                let transaction = app.transaction().await.unwrap();
                transaction.batch_execute("SET LOCAL app.tenant_id = '1'").await.unwrap();
                let visible = format!("SELECT {referenced} FROM {}", key.references);
                let visible: Vec<i32> =
                    transaction.query(&visible, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
                transaction.rollback().await.unwrap();
                if let Some(row) = admin.query_opt(&hidden, &[&visible]).await.unwrap() {
                    let insert = format!("INSERT INTO {name} ({own}) VALUES ({})", row.get::<_, &str>(0));
                    assert_eq!(outcome(&mut app, Some("1"), &insert).await, "42501", "{insert}");
                    refused += 1;
                }
            }
            _ => continue,
        }
        if all > 0 {
            for unbound in [None, Some("")] {
                assert_eq!(outcome(&mut app, unbound, &read).await, "TN001", "{name}, no company");
            }
        }
        assert_eq!(
            outcome(&mut app, Some("1"), &format!("TRUNCATE {name} CASCADE")).await,
            "42501",
            "{name}"
        );
        assert!(catalog.relations[name].force_row_security, "{name}");
    }
    assert!(with_rows > 100 && refused > 30, "{with_rows} tables with rows, {refused} references refused");
}
