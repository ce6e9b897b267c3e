//! Delivery over HTTP, to a server that a test answers for.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::routing::post;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tenantry_erp::client::Client;
use tenantry_erp::outbox;
use tenantry_erp::webhook::Webhook;
use tokio::net::TcpListener;

use crate::support::{Person, World};

/// What has come, and what is to be answered to what comes next, 200 if nothing is said.
#[derive(Default)]
struct Receiver {
    came: Mutex<Vec<(String, Value)>>,
    answers: Mutex<Vec<StatusCode>>,
}

async fn receive(State(receiver): State<Arc<Receiver>>, request: Request) -> StatusCode {
    let (head, body) = request.into_parts();
    assert_eq!(head.headers["content-type"], "application/json");
    let key = head.headers["idempotency-key"].to_str().unwrap().to_owned();
    let body = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
    receiver.came.lock().unwrap().push((key, body));
    receiver.answers.lock().unwrap().pop().unwrap_or(StatusCode::OK)
}

async fn listening() -> (Arc<Receiver>, Webhook) {
    let receiver = Arc::new(Receiver::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/told", listener.local_addr().unwrap());
    let router = Router::new().route("/told", post(receive)).with_state(Arc::clone(&receiver));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (receiver, Webhook::at(&address, &Client::new().unwrap()).unwrap())
}

async fn add(world: &World, who: &Person, topic: &str, payload: Value) {
    let tx = world.pool.tenant(who.company).begin();
    outbox::add(&tx, topic, &payload).await.unwrap();
    tx.commit().await.unwrap();
}

/// What was put off is due at once.
async fn due(world: &World) {
    world.admin().await.batch_execute("UPDATE outbox SET next_at = now()").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_not_taken_comes_again_by_the_same_key() {
    let world = World::new().await;
    let one = world.company("padma").await;
    let (receiver, webhook) = listening().await;
    add(&world, &one, "told", json!({ "amount": "12.50" })).await;
    *receiver.answers.lock().unwrap() = vec![StatusCode::FOUND, StatusCode::INTERNAL_SERVER_ERROR];
    for delivered in [0, 0, 1, 0] {
        assert_eq!(outbox::round(&world.pool, &webhook).await.unwrap(), delivered);
        due(&world).await;
    }
    let came = receiver.came.lock().unwrap();
    assert_eq!(came.len(), 3, "{came:?}");
    assert!(came.iter().all(|told| *told == came[0]), "{came:?}");
    let (key, body) = &came[0];
    assert_eq!(*key, format!("{}/{}", one.company, body["id"]));
    assert_eq!(
        (&body["company"], &body["topic"], &body["payload"]),
        (&json!(one.company), &json!("told"), &json!({ "amount": "12.50" }))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_tries_again_by_itself() {
    let world = World::new().await;
    let one = world.company("padma").await;
    let (receiver, webhook) = listening().await;
    *receiver.answers.lock().unwrap() = vec![StatusCode::SERVICE_UNAVAILABLE; 2];
    let working = tokio::spawn(outbox::work(world.pool.clone(), Arc::new(webhook)));
    add(&world, &one, "told", json!({})).await;
    crate::support::eventually(async || receiver.came.lock().unwrap().len() == 3).await;
    world.pool.close().await;
    working.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_messages_of_each_company_come_in_their_order() {
    let world = World::new().await;
    let (one, other) = (world.company("padma").await, world.company("jamuna").await);
    let (receiver, webhook) = listening().await;
    // More than two portions of each.
    for _ in 0..45 {
        add(&world, &one, "many", json!({})).await;
        add(&world, &other, "many", json!({})).await;
    }
    let working = tokio::spawn(outbox::work(world.pool.clone(), Arc::new(webhook)));
    crate::support::eventually(async || receiver.came.lock().unwrap().len() == 90).await;
    world.pool.close().await;
    working.await.unwrap();
    let came = receiver.came.lock().unwrap();
    for company in [one.company, other.company] {
        let own = came.iter().filter(|(_, body)| body["company"] == company.to_string());
        let ids: Vec<i64> = own.map(|(_, body)| body["id"].as_i64().unwrap()).collect();
        assert_eq!(ids.len(), 45);
        assert!(ids.is_sorted(), "{ids:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_nobody_answers_is_told_of_and_tried_later() {
    let world = World::new().await;
    let one = world.company("padma").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let webhook = Webhook::at(&address, &Client::new().unwrap()).unwrap();
    add(&world, &one, "told", json!({})).await;
    // It is connected to, and says nothing.
    assert_eq!(outbox::round(&world.pool, &webhook).await.unwrap(), 0);
    drop(listener);
    due(&world).await;
    assert_eq!(outbox::round(&world.pool, &webhook).await.unwrap(), 0);
    let waits = "SELECT attempts, delivered_at IS NULL AND next_at > now() FROM outbox";
    let row = world.admin().await.query_one(waits, &[]).await.unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, bool>(1)), (2, true));
    for no_address in ["", "told", "/told", "http://"] {
        assert!(Webhook::at(no_address, &Client::new().unwrap()).is_err(), "{no_address}");
    }
}
