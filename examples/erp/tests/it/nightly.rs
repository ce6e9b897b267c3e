//! Days are closed once, whatever becomes of the runs that close them.

use axum::http::StatusCode;
use chrono::NaiveDate;
use serde_json::json;
use tenantry_erp::nightly::close_days;
use tokio_postgres::Client;

use crate::support::running::program;
use crate::support::{Person, World, eventually};

/// Has companies with an invoice each on the 1st of July, and on the 3rd.
async fn trading(world: &World, names: &[&str]) -> Vec<Person> {
    let mut owners = Vec::new();
    for name in names {
        let (owner, customer, product) = world.shop(name).await;
        for (day, quantity) in [("2025-07-01", "2"), ("2025-07-03", "1")] {
            let lines = json!([{ "product_id": product, "quantity": quantity }]);
            let body = json!({ "customer_id": customer, "issued_on": day, "lines": lines });
            assert_eq!(world.post(&owner, "/invoices", body).await.status, StatusCode::CREATED);
        }
        owners.push(owner);
    }
    owners
}

fn july(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 7, day).unwrap()
}

/// How many days were closed of each company that has any, and how many it was told of.
async fn closed(admin: &Client) -> Vec<(i64, i64)> {
    let sql = "SELECT count(*), (SELECT count(*) FROM outbox
            WHERE outbox.tenant_id = closed_day.tenant_id AND topic = 'day.closed')
        FROM closed_day GROUP BY tenant_id";
    admin.query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_closed_up_to_yesterday_and_once() {
    let world = World::new().await;
    trading(&world, &["padma", "jamuna"]).await;
    world.company("without invoices").await;
    let admin = world.admin().await;
    assert_eq!(close_days(&world.pool, july(4)).await.unwrap().done.len(), 3);
    assert_eq!(closed(&admin).await, [(3, 3), (3, 3)]);
    // Again, and two at a time.
    let both = tokio::join!(close_days(&world.pool, july(4)), close_days(&world.pool, july(4)));
    let days = [both.0.unwrap(), both.1.unwrap()]
        .iter()
        .flat_map(|run| &run.done)
        .map(|(_, days)| days)
        .sum::<i64>();
    assert_eq!(days, 0);
    assert_eq!(closed(&admin).await, [(3, 3), (3, 3)]);
    // A month later, and so with what is overdue by then.
    let late = NaiveDate::from_ymd_opt(2025, 8, 3).unwrap();
    assert_eq!(close_days(&world.pool, late).await.unwrap().done.len(), 3);
    let sql = "SELECT DISTINCT day::text, invoices, total::text, overdue::text FROM closed_day
        WHERE day IN ('2025-07-01', '2025-07-02', '2025-07-31', '2025-08-01', '2025-08-02') ORDER BY 1";
    let rows = admin.query(sql, &[]).await.unwrap();
    let rows: Vec<(String, i64, String, String)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
    let expected = [
        ("2025-07-01", 1, "806.27", "0.00"),
        ("2025-07-02", 0, "0.00", "0.00"),
        ("2025-07-31", 0, "0.00", "0.00"),
        ("2025-08-01", 0, "0.00", "806.27"),
        ("2025-08-02", 0, "0.00", "806.27"),
    ];
    let expected = expected.map(|(day, invoices, total, overdue)| {
        (day.to_owned(), invoices, total.to_owned(), overdue.to_owned())
    });
    assert_eq!(rows, expected);
    assert_eq!(closed(&admin).await, [(33, 33), (33, 33)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_that_fails_is_done_by_the_next_run_and_the_others_are_not_done_again() {
    let world = World::new().await;
    let owners = trading(&world, &["padma", "jamuna", "meghna"]).await;
    let admin = world.admin().await;
    let fails = format!(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN IF new.tenant_id = '{}' AND new.day = '2025-07-02' THEN RAISE 'out of order'; END IF; RETURN new; END $$;
         CREATE TRIGGER fail BEFORE INSERT ON closed_day FOR EACH ROW EXECUTE FUNCTION fail();",
        owners[1].company
    );
    admin.batch_execute(&fails).await.unwrap();
    let outcome = close_days(&world.pool, july(4)).await.unwrap();
    assert_eq!((outcome.done.len(), outcome.failed.len()), (2, 1), "{outcome:?}");
    assert_eq!(outcome.failed[0].0, owners[1].company.into());
    assert_eq!(closed(&admin).await, [(3, 3), (3, 3)]);
    // What has started the program hears of it, and starts it again.
    assert!(!program(&world).arg("nightly").status().await.unwrap().success());
    admin.batch_execute("DROP TRIGGER fail ON closed_day").await.unwrap();
    let outcome = close_days(&world.pool, july(4)).await.unwrap();
    let days: i64 = outcome.done.iter().map(|(_, days)| days).sum();
    // The program has closed the days of the others up to its own yesterday.
    assert_eq!((outcome.done.len(), days), (3, 3), "{outcome:?}");
    let told = closed(&admin).await;
    assert!(told.len() == 3 && told.iter().all(|(days, told)| days == told), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_dies_in_the_middle_is_taken_up_by_the_next() {
    let world = World::new().await;
    let owners = trading(&world, &["padma", "jamuna", "meghna"]).await;
    let (mut other, admin) = (world.admin().await, world.admin().await);
    // One company has to wait for somebody else, who is closing its first day.
    let holds = other.transaction().await.unwrap();
    let first = "INSERT INTO closed_day (tenant_id, day, invoices, total, received, overdue) VALUES ($1, $2, 0, 0, 0, 0)";
    holds.execute(first, &[&owners[2].company, &july(1)]).await.unwrap();
    let pool = world.pool.clone();
    let running = tokio::spawn(async move { close_days(&pool, july(4)).await.unwrap().done.len() });
    eventually(async || closed(&admin).await.len() == 2).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    holds.rollback().await.unwrap();
    assert_eq!(close_days(&world.pool, july(4)).await.unwrap().done.len(), 3);
    assert_eq!(closed(&admin).await, [(3, 3), (3, 3), (3, 3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_closes_days_and_ends() {
    let world = World::new().await;
    trading(&world, &["padma"]).await;
    assert!(program(&world).arg("nightly").status().await.unwrap().success());
    let told = closed(&world.admin().await).await;
    assert!(told.len() == 1 && told[0].0 == told[0].1 && told[0].0 > 3, "{told:?}");
    assert!(!program(&world).arg("weekly").status().await.unwrap().success());
}
