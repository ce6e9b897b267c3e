//! SQL in each text that a route takes: it is kept as it is, or refused for what it is not.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{SQL, Session};
use crate::support::{Person, operator};

/// As it stands in a path or a query.
fn quoted(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// In each text of each route that takes any.
pub async fn sql(session: &mut Session, one: &Person, customer: i64, product: i64) {
    let post = Method::POST;
    let at = |path: &str| path.to_owned();
    session
        .sql(
            one,
            post.clone(),
            "/customers",
            |text| (at("/customers"), json!({ "name": text, "tax_number": text })),
            &[201],
        )
        .await;
    for query in ["starts=", "after_id=1&after_name="] {
        session
            .sql(
                one,
                Method::GET,
                "/customers",
                |text| (format!("/customers?{query}{}", quoted(text)), Value::Null),
                &[200],
            )
            .await;
    }
    session
        .sql(
            one,
            post.clone(),
            "/products",
            |text| (at("/products"), json!({ "sku": text, "name": text, "price": "1" })),
            &[201],
        )
        .await;
    session
        .sql(
            one,
            post.clone(),
            "/products",
            |text| (at("/products"), json!({ "sku": "x", "name": "x", "price": text })),
            &[422],
        )
        .await;
    let lines = json!([{ "product_id": product, "quantity": "1" }]);
    for field in ["customer_id", "issued_on", "lines"] {
        let fill = |text: &str| {
            let mut body = json!({ "customer_id": customer, "lines": lines });
            body[field] = json!(text);
            (at("/invoices"), body)
        };
        session.sql(one, post.clone(), "/invoices", fill, &[422]).await;
    }
    let in_line = |text: &str| {
        let lines = json!([{ "product_id": product, "quantity": text }]);
        (at("/invoices"), json!({ "customer_id": customer, "lines": lines }))
    };
    session.sql(one, post.clone(), "/invoices", in_line, &[422]).await;
    session
        .sql(
            one,
            Method::GET,
            "/invoices",
            |text| (format!("/invoices?id=1&issued_on={}", quoted(text)), Value::Null),
            &[422],
        )
        .await;
    session
        .sql(
            one,
            Method::GET,
            "/invoices/{id}",
            |text| (format!("/invoices/{}", quoted(text)), Value::Null),
            &[400],
        )
        .await;
    session
        .sql(
            one,
            post.clone(),
            "/invoices/{id}/credit",
            |text| (format!("/invoices/{}/credit", quoted(text)), Value::Null),
            &[400],
        )
        .await;
    // Without the header nothing is booked; with it the key is text as any other.
    session
        .sql(
            one,
            post.clone(),
            "/invoices/{id}/payments",
            |text| (at("/invoices/1/payments"), json!({ "amount": text })),
            &[422],
        )
        .await;
    let body = json!({ "customer_id": customer, "lines": lines }).to_string();
    let invoice: Value =
        serde_json::from_str(&session.as_whom(one, post.clone(), "/invoices", &body).await.body).unwrap();
    let authorization = format!("Bearer {}", one.token);
    for key in SQL {
        let headers = [
            ("authorization", &*authorization),
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        let path = format!("/invoices/{}/payments", invoice["id"]);
        let booked = session.send(post.clone(), &path, &headers, "{\"amount\": \"1\"}").await;
        assert_eq!(booked.status, StatusCode::CREATED, "{booked:?}");
    }
    let person =
        |text: &str| (format!("/people/{}", quoted(text)), json!({ "name": text, "role": "reader" }));
    session.sql(one, Method::PUT, "/people/{subject}", person, &[204]).await;
    session
        .sql(
            one,
            Method::PUT,
            "/people/{subject}",
            |text| (at("/people/x"), json!({ "name": "x", "role": text })),
            &[422],
        )
        .await;
    session.sql(one, Method::DELETE, "/people/{subject}", |text| (person(text).0, Value::Null), &[204]).await;
    let file = |text: &str| json!({ "name": text, "content_type": "text/plain", "size": 1 });
    session.sql(one, post.clone(), "/files", |text| (at("/files"), file(text)), &[201]).await;
    session
        .sql(
            one,
            post.clone(),
            "/files",
            |text| (at("/files"), json!({ "name": "x", "content_type": text, "size": 1 })),
            &[422],
        )
        .await;
    session
        .sql(
            one,
            Method::GET,
            "/files",
            |text| (format!("/files?id=1&created_at={}", quoted(text)), Value::Null),
            &[422],
        )
        .await;
    for method in [Method::GET, Method::DELETE] {
        session
            .sql(one, method, "/files/{id}", |text| (format!("/files/{}", quoted(text)), Value::Null), &[400])
            .await;
    }
    let company = |text: &str| json!({ "name": text, "host": text, "subject": text, "person": text });
    session.sql(one, post.clone(), "/companies", |text| (at("/companies"), company(text)), &[403]).await;
    session.sql(&operator(), post, "/companies", |text| (at("/companies"), company(text)), &[201]).await;
    let suspension = |text: &str| {
        (format!("/companies/{}/suspension", quoted(text)), json!({ "suspended": true, "reason": "x" }))
    };
    session.sql(&operator(), Method::PUT, "/companies/{id}/suspension", suspension, &[400]).await;

    let document = session.send(Method::GET, "/openapi.json", &[], "").await;
    let document: Value = serde_json::from_str(&document.body).unwrap();
    let mut takes_text = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation.get("requestBody").is_some() || operation.get("parameters").is_some() {
                takes_text.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    assert_eq!(session.tried, takes_text);
}
