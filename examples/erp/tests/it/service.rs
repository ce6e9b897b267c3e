//! The service over HTTP: who comes in, what they see, and that the books are right.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tenantry_erp::gate::Gate;
use tenantry_erp::token::Keys;
use tenantry_erp::{Service, routes};
use tower::ServiceExt;
use uuid::Uuid;

use crate::support::{
    AUDIENCE, ISSUER, Person, Said, World, eventually, jwks, now, operator, second_key, token,
};

fn texts(answer: &Value, key: &str) -> Vec<String> {
    answer.as_array().unwrap().iter().map(|row| row[key].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_company_sees_its_own() {
    let world = World::new().await;
    let (one, customer, product) = world.shop("padma").await;
    let (other, ..) = world.shop("jamuna").await;
    let lines = json!({ "customer_id": customer, "lines": [{ "product_id": product, "quantity": "2" }] });
    let invoice = world.post(&one, "/invoices", lines.clone()).await;
    assert_eq!(invoice.status, StatusCode::CREATED, "{invoice:?}");
    let id = invoice.json()["id"].as_i64().unwrap();
    assert_eq!(world.get(&one, "/invoices").await.json().as_array().unwrap().len(), 1);
    assert_eq!(world.get(&other, "/invoices").await.json(), json!([]));
    assert_eq!(world.get(&other, &format!("/invoices/{id}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        world.post(&other, &format!("/invoices/{id}/credit"), json!({})).await.status,
        StatusCode::NOT_FOUND
    );
    // A customer of another company is none that is there.
    let foreign = world.post(&other, "/invoices", lines).await;
    assert_eq!(foreign.status, StatusCode::UNPROCESSABLE_ENTITY, "{foreign:?}");
    let csv = world.get(&other, "/invoices.csv").await;
    assert_eq!(csv.body.lines().count(), 1, "{}", csv.body);
    let csv = world.get(&one, "/invoices.csv").await;
    assert_eq!(csv.body.lines().count(), 2, "{}", csv.body);
    assert!(csv.body.contains("আলম ট্রেডার্স"), "{}", csv.body);
    let names = texts(&world.get(&operator(), "/companies").await.json(), "name");
    assert_eq!(names, ["jamuna", "padma"]);
    let turnover = world.get(&operator(), "/reports/turnover").await.json();
    assert_eq!(texts(&turnover, "total"), ["806.27"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_in_without_a_token_that_counts() {
    let world = World::new().await;
    let owner = world.company("padma").await;
    let other = world.company("jamuna").await;
    let said = |subject: &str| Said::of(owner.company, subject);
    let of_nobody = |token: String| Person { token, company: Uuid::nil() };
    let (head, _) = owner.token.rsplit_once('.').unwrap();
    let unsigned = {
        let (_, claims) = head.split_once('.').unwrap();
        // {"alg":"none","kid":"first"}
        format!("eyJhbGciOiJub25lIiwia2lkIjoiZmlyc3QifQ.{claims}.")
    };
    for (what, token, status) in [
        ("its own", owner.token.clone(), 200),
        ("no token", "x".to_owned(), 401),
        ("another signature", format!("{head}.{}", other.token.rsplit_once('.').unwrap().1), 401),
        ("no signature", unsigned, 401),
        ("another key by the same name", token(&Said { key: second_key(), ..said("owner of padma") }), 401),
        ("a key that is not there", token(&Said { kid: "second", ..said("owner of padma") }), 401),
        ("one that has expired", token(&said("owner of padma").with("exp", json!(now() - 60))), 401),
        ("of another issuer", token(&said("owner of padma").with("iss", json!("https://elsewhere"))), 401),
        ("for another service", token(&said("owner of padma").with("aud", json!("crm"))), 401),
        ("of no member", token(&said("somebody")), 403),
        ("of another company's", token(&said("owner of jamuna")), 403),
        ("of a company that is not there", token(&Said::of(Uuid::from_u128(7), "owner of padma")), 403),
        ("of no company", token(&said("owner of padma").with("company", Value::Null)), 403),
    ] {
        let answer = world.get(&of_nobody(token), "/company").await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {answer:?}");
        assert!(status == 200 || answer.body.is_empty(), "{what}: {answer:?}");
    }
    for headers in [
        vec![],
        vec![("x-tenant-id", owner.company.to_string())],
        vec![("authorization", format!("Basic {}", owner.token))],
        vec![("authorization", format!("Bearer {}", owner.token)), ("authorization", "Bearer x".to_owned())],
    ] {
        let mut request = Request::get("/company");
        for (name, value) in &headers {
            request = request.header(*name, value);
        }
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{headers:?}");
    }
    for path in ["/companies", "/reports/turnover"] {
        assert_eq!(world.get(&owner, path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_without_a_restart() {
    let world = World::new().await;
    let owner = world.company("padma").await;
    let rotated = Said { kid: "second", key: second_key(), ..Said::of(owner.company, "owner of padma") };
    let rotated = Person { token: token(&rotated), company: owner.company };
    assert_eq!(world.get(&rotated, "/company").await.status, StatusCode::UNAUTHORIZED);
    std::fs::write(&world.keys, jwks(&[("second", second_key())])).unwrap();
    // Once a second at most is the file looked at.
    let mut status = StatusCode::UNAUTHORIZED;
    for _ in 0..300 {
        status = world.get(&rotated, "/company").await.status;
        if status == StatusCode::OK {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(status, StatusCode::OK);
    // The key that was taken away counts no more.
    assert_eq!(world.get(&owner, "/company").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_hears_who_may_come_in() {
    let world = World::new().await;
    let owner = world.company("padma").await;
    let request = Request::get("/verify").header("authorization", format!("Bearer {}", owner.token));
    let answer = world.routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.headers()["x-tenant-id"], owner.company.to_string().as_str());
    let suspension = json!({ "suspended": true, "reason": "unpaid" });
    let path = format!("/companies/{}/suspension", owner.company);
    let suspended = world.ask(&operator(), Method::PUT, &path, Some(suspension)).await;
    assert_eq!(suspended.status, StatusCode::NO_CONTENT, "{suspended:?}");
    // The gate that lets in is the one that has suspended, and so knows.
    let request = Request::get("/verify").header("authorization", format!("Bearer {}", owner.token));
    let answer = world.routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_owners_who_dismiss_each_other_one_is_dismissed_before_that() {
    let world = World::new().await;
    let first = world.company("padma").await;
    let second = Person { token: token(&Said::of(first.company, "second")), company: first.company };
    let owns = json!({ "name": "Karim", "role": "owner" });
    let third = json!({ "name": "Salma", "role": "owner" });
    world.ask(&first, Method::PUT, "/people/third", Some(third)).await;
    for _ in 0..10 {
        let admitted = world.ask(&first, Method::PUT, "/people/second", Some(owns.clone())).await;
        assert_eq!(admitted.status, StatusCode::NO_CONTENT, "{admitted:?}");
        let (of_second, of_first) = tokio::join!(
            world.ask(&first, Method::DELETE, "/people/second", None),
            world.ask(&second, Method::DELETE, "/people/owner%20of%20padma", None),
        );
        let mut statuses = [of_second.status.as_u16(), of_first.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 403]);
        if of_first.status == StatusCode::NO_CONTENT {
            let back =
                world.ask(&second, Method::PUT, "/people/owner%20of%20padma", Some(owns.clone())).await;
            assert_eq!(back.status, StatusCode::NO_CONTENT, "{back:?}");
        }
    }
}

/// What was looked up before somebody was dismissed is not kept after that.
#[tokio::test(flavor = "multi_thread")]
async fn the_gate_keeps_nothing_that_has_changed_while_it_looked() {
    let world = World::new().await;
    let owner = world.company("padma").await;
    let keys = Keys::read(world.keys.clone(), ISSUER, AUDIENCE).unwrap();
    let gate = Arc::new(Gate::new(world.pool.clone(), keys));
    let routes = routes(Service::new(world.pool.clone(), Arc::clone(&gate)));
    let asked = |routes: Router| {
        let request = Request::get("/verify").header("authorization", format!("Bearer {}", owner.token));
        let request = request.body(Body::empty()).unwrap();
        async move { routes.oneshot(request).await.unwrap().status() }
    };
    let (holds, admin) = (world.admin().await, world.admin().await);
    // Whoever reads a member waits for whoever holds the lock, and reads on as things were when it began.
    let policy = "CREATE POLICY waits ON member AS RESTRICTIVE FOR SELECT TO erp_app
        USING (pg_advisory_xact_lock_shared(1)::text IS NOT NULL); SELECT pg_advisory_lock(1)";
    holds.batch_execute(policy).await.unwrap();
    let first = tokio::spawn(asked(routes.clone()));
    let waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    eventually(async || admin.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 1).await;
    admin.execute("DELETE FROM member", &[]).await.unwrap();
    gate.forget(Some(owner.company));
    holds.batch_execute("SELECT pg_advisory_unlock(1)").await.unwrap();
    assert_eq!(first.await.unwrap(), StatusCode::OK);
    assert_eq!(asked(routes).await, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_have_no_gap_and_books_balance() {
    let world = World::new().await;
    let (owner, customer, product) = world.shop("padma").await;
    let (other, other_customer, other_product) = world.shop("jamuna").await;
    let issue = async |who: &Person, customer: i64, product: i64, n: i64| {
        // Each fifth fails once it has its number: its customer is not there.
        let customer = if n % 5 == 0 { 0 } else { customer };
        let body = json!({
            "customer_id": customer, "issued_on": if n % 2 == 0 { "2026-06-30" } else { "2026-07-01" },
            "lines": [{ "product_id": product, "quantity": "1" }, { "product_id": product, "quantity": "1.5" }],
        });
        world.post(who, "/invoices", body).await.status
    };
    let both = (1..=40).map(async |n| {
        tokio::join!(issue(&owner, customer, product, n), issue(&other, other_customer, other_product, n))
    });
    let statuses = join_all(both).await;
    for status in statuses.iter().flat_map(|(one, other)| [one, other]) {
        assert!([StatusCode::CREATED, StatusCode::UNPROCESSABLE_ENTITY].contains(status), "{statuses:?}");
    }
    let admin = world.admin().await;
    let rows = admin
        .query(
            "SELECT fiscal_year, count(*), min(number), max(number) FROM invoice
             GROUP BY tenant_id, fiscal_year ORDER BY tenant_id, fiscal_year",
            &[],
        )
        .await
        .unwrap();
    let years: Vec<(i32, i64, i32, i32)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
    assert_eq!(years, [(2025, 16, 1, 16), (2026, 16, 1, 16), (2025, 16, 1, 16), (2026, 16, 1, 16)]);
    let odd = "SELECT count(*) FROM invoice
        WHERE net <> (SELECT sum(line.net) FROM invoice_line AS line WHERE line.tenant_id = invoice.tenant_id AND invoice_id = id)
            OR vat <> round(net * 0.15, 2)";
    assert_eq!(admin.query_one(odd, &[]).await.unwrap().get::<_, i64>(0), 0);
    let trail = "SELECT count(*) FROM trail WHERE relation = 'invoice' AND action = 'INSERT' AND by LIKE 'owner of %'";
    assert_eq!(admin.query_one(trail, &[]).await.unwrap().get::<_, i64>(0), 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_booked_once_and_a_credit_note_drawn_up_once() {
    let world = World::new().await;
    let (owner, customer, product) = world.shop("padma").await;
    let body = json!({ "customer_id": customer, "lines": [{ "product_id": product, "quantity": "3" }] });
    let invoice = world.post(&owner, "/invoices", body).await.json();
    let id = invoice["id"].as_i64().unwrap();
    assert_eq!(
        (&invoice["net"], &invoice["vat"], &invoice["total"]),
        (&json!("1051.65"), &json!("157.75"), &json!("1209.40"))
    );
    let path = format!("/invoices/{id}/payments");
    let pay = async |key: &str, amount: &str| {
        let body = Some(json!({ "amount": amount }));
        world.ask_with(&owner, Method::POST, &path, body, &[("idempotency-key", key)]).await
    };
    let payments = join_all((0..8).map(|_| pay("one", "1000.00"))).await;
    let made = payments.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    assert_eq!(made, 1, "{payments:?}");
    assert!(payments.iter().all(|answer| answer.status.is_success()), "{payments:?}");
    for (key, amount, status) in [
        ("one", "999.00", StatusCode::CONFLICT),
        ("two", "209.41", StatusCode::UNPROCESSABLE_ENTITY),
        ("two", "-5", StatusCode::UNPROCESSABLE_ENTITY),
        ("", "1", StatusCode::UNPROCESSABLE_ENTITY),
        ("two", "209.40", StatusCode::CREATED),
    ] {
        assert_eq!(pay(key, amount).await.status, status, "{key} {amount}");
    }
    let shown = world.get(&owner, &format!("/invoices/{id}")).await.json();
    assert_eq!((&shown["paid"], &shown["lines"][0]["quantity"]), (&json!("1209.40"), &json!("3.000")));
    let credit = format!("/invoices/{id}/credit");
    // The note has the prices of the invoice, whatever they are by now.
    world.admin().await.batch_execute("UPDATE product SET price = 1").await.unwrap();
    let note = world.post(&owner, &credit, json!({})).await;
    assert_eq!(note.status, StatusCode::CREATED, "{note:?}");
    assert_eq!((&note.json()["total"], &note.json()["number"]), (&json!("-1209.40"), &json!(2)));
    let note_id = note.json()["id"].as_i64().unwrap();
    assert_eq!(world.post(&owner, &credit, json!({})).await.status, StatusCode::CONFLICT);
    let of_note = format!("/invoices/{note_id}/credit");
    assert_eq!(world.post(&owner, &of_note, json!({})).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_sorted_and_found_as_bengali_has_them() {
    let world = World::new().await;
    let owner = world.company("padma").await;
    let names =
        ["খান স্টোর", "আলম ট্রেডার্স", "Ahmed Traders", "কামাল এন্টারপ্রাইজ", "ঢাকা জুট", "100% Jute", "ইসলাম ব্রাদার্স"];
    for name in names {
        assert_eq!(
            world.post(&owner, "/customers", json!({ "name": name })).await.status,
            StatusCode::CREATED
        );
    }
    let all = world.get(&owner, "/customers").await.json();
    assert_eq!(
        texts(&all, "name"),
        ["100% Jute", "আলম ট্রেডার্স", "ইসলাম ব্রাদার্স", "কামাল এন্টারপ্রাইজ", "খান স্টোর", "ঢাকা জুট", "Ahmed Traders"]
    );
    let after = format!("/customers?after_name=100%25%20Jute&after_id={}", all[0]["id"]);
    assert_eq!(world.get(&owner, &after).await.json().as_array().unwrap().len(), 6);
    for (starts, found) in
        [("AHMED", vec!["Ahmed Traders"]), ("100%25", vec!["100% Jute"]), ("%25", vec![]), ("_", vec![])]
    {
        let answer = world.get(&owner, &format!("/customers?starts={starts}")).await.json();
        assert_eq!(texts(&answer, "name"), found, "{starts}");
    }
    assert_eq!(world.get(&owner, "/customers?after_id=1").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.get(&owner, "/customers?tenant_id=1").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

/// Text that would be SQL if anybody took it for that.
#[tokio::test(flavor = "multi_thread")]
async fn what_looks_like_sql_is_kept_as_it_is() {
    let world = World::new().await;
    let owner = world.company("padma").await;
    let name = "x'; DELETE FROM customer; --";
    assert_eq!(world.post(&owner, "/customers", json!({ "name": name })).await.status, StatusCode::CREATED);
    assert_eq!(texts(&world.get(&owner, "/customers").await.json(), "name"), [name]);
    for (body, status) in [
        (json!({ "name": "" }), 422),
        (json!({ "name": 5 }), 422),
        (json!({ "nam": "x" }), 422),
        (json!([]), 422),
        (json!({ "name": "x\u{0}y" }), 422),
    ] {
        let answer = world.post(&owner, "/customers", body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {answer:?}");
        assert!(!answer.body.contains("customer_"), "{answer:?}");
    }
}
