//! What others are told: of what was committed, at least once, and fairly among companies.

use serde_json::json;
use tenantry_erp::outbox::{self, Delivering, Delivery, Message};
use uuid::Uuid;

use crate::support::{World, eventually};

struct Kept(std::sync::Mutex<Vec<(Uuid, String)>>);

impl Delivery for Kept {
    fn deliver<'a>(&'a self, company: Uuid, message: &'a Message) -> Delivering<'a> {
        self.0.lock().unwrap().push((company, message.topic.clone()));
        let failed = message.payload["fails"] == json!(true);
        Box::pin(std::future::ready(if failed { Err("out of order".to_owned()) } else { Ok(()) }))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_hears_of_what_is_committed_and_ends_with_the_pool() {
    let world = World::new().await;
    let (one, ..) = world.shop("padma").await;
    let (told, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let tx = world.pool.tenant(one.company).begin();
    outbox::add(&tx, "before it ran", &json!({})).await.unwrap();
    tx.commit().await.unwrap();
    let working = tokio::spawn(outbox::work(world.pool.clone(), std::sync::Arc::new(Told(told))));
    assert_eq!(hears.recv().await.unwrap(), "before it ran");
    // More than a portion.
    for number in 0..25 {
        let tx = world.pool.tenant(one.company).begin();
        outbox::add(&tx, &number.to_string(), &json!({})).await.unwrap();
        tx.commit().await.unwrap();
    }
    for number in 0..25 {
        assert_eq!(hears.recv().await.unwrap(), number.to_string());
    }
    let looks = "SELECT count(*) FROM tenantry.system_access WHERE reason LIKE 'outbox%'";
    let admin = world.admin().await;
    assert_eq!(admin.query_one(looks, &[]).await.unwrap().get::<_, i64>(0), 1);
    world.pool.close().await;
    working.await.unwrap();
}

struct Told(tokio::sync::mpsc::UnboundedSender<String>);

impl Delivery for Told {
    fn deliver<'a>(&'a self, _: Uuid, message: &'a Message) -> Delivering<'a> {
        self.0.send(message.topic.clone()).unwrap();
        Box::pin(std::future::ready(Ok(())))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_whose_receiver_is_slow_holds_up_no_other() {
    let world = World::new().await;
    let companies = [world.shop("padma").await.0.company, world.shop("meghna").await.0.company];
    for company in companies {
        let tx = world.pool.tenant(company).begin();
        outbox::add(&tx, "a test", &json!({})).await.unwrap();
        tx.commit().await.unwrap();
    }
    let both = std::sync::Arc::new(Together(tokio::sync::Barrier::new(3)));
    let working = tokio::spawn(outbox::work(world.pool.clone(), both.clone()));
    // Each is delivered only while the other one is too.
    both.0.wait().await;
    let admin = world.admin().await;
    let left = "SELECT count(*) FROM outbox WHERE delivered_at IS NULL";
    eventually(async || admin.query_one(left, &[]).await.unwrap().get::<_, i64>(0) == 0).await;
    let tries: i32 = admin.query_one("SELECT max(attempts) FROM outbox", &[]).await.unwrap().get(0);
    assert_eq!(tries, 1);
    world.pool.close().await;
    working.await.unwrap();
}

struct Together(tokio::sync::Barrier);

impl Delivery for Together {
    fn deliver<'a>(&'a self, _: Uuid, _: &'a Message) -> Delivering<'a> {
        Box::pin(async {
            self.0.wait().await;
            Ok(())
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_is_told_once_and_what_fails_comes_again_later() {
    let world = World::new().await;
    let (one, customer, product) = world.shop("padma").await;
    let (other, ..) = world.shop("jamuna").await;
    let body = json!({ "customer_id": customer, "lines": [{ "product_id": product, "quantity": "3" }] });
    world.post(&one, "/invoices", body).await;
    for (who, payload) in [(&one, json!({ "fails": true })), (&other, json!({}))] {
        let tx = world.pool.tenant(who.company).begin();
        outbox::add(&tx, "a test", &payload).await.unwrap();
        tx.commit().await.unwrap();
    }
    let rolled_back = world.pool.tenant(one.company).begin();
    outbox::add(&rolled_back, "never", &json!({})).await.unwrap();
    rolled_back.rollback().await.unwrap();
    let kept = Kept(std::sync::Mutex::default());
    assert_eq!(outbox::round(&world.pool, &kept).await.unwrap(), 2);
    assert_eq!(outbox::round(&world.pool, &kept).await.unwrap(), 0);
    let mut told = kept.0.into_inner().unwrap();
    told.sort();
    let mut expected = vec![
        (one.company, "a test".to_owned()),
        (one.company, "invoice.issued".to_owned()),
        (other.company, "a test".to_owned()),
    ];
    expected.sort();
    assert_eq!(told, expected);
    let waiting =
        "SELECT count(*) FROM outbox WHERE delivered_at IS NULL AND attempts = 1 AND next_at > now()";
    assert_eq!(world.admin().await.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0), 1);
}

/// Says that a delivery has begun, and ends none.
struct Stuck(tokio::sync::mpsc::UnboundedSender<i64>);

impl Delivery for Stuck {
    fn deliver<'a>(&'a self, _: Uuid, message: &'a Message) -> Delivering<'a> {
        self.0.send(message.id).unwrap();
        Box::pin(std::future::pending())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_holds_no_transaction_and_what_a_dead_worker_has_claimed_is_delivered_by_another() {
    let world = World::new().await;
    let one = world.company("padma").await;
    for topic in ["first", "second"] {
        let tx = world.pool.tenant(one.company).begin();
        outbox::add(&tx, topic, &json!({})).await.unwrap();
        tx.commit().await.unwrap();
    }
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let pool = world.pool.clone();
    let working = tokio::spawn(async move { outbox::round(&pool, &Stuck(begun)).await.map(drop) });
    let stuck = begins.recv().await.unwrap();
    let admin = world.admin().await;
    let busy = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'erp_app' AND state <> 'idle'";
    assert_eq!(admin.query_one(busy, &[]).await.unwrap().get::<_, i64>(0), 0);
    // Meanwhile they are claimed.
    let kept = Kept(std::sync::Mutex::default());
    assert_eq!(outbox::round(&world.pool, &kept).await.unwrap(), 0);
    working.abort();
    assert!(working.await.unwrap_err().is_cancelled());
    assert_eq!(outbox::round(&world.pool, &kept).await.unwrap(), 0);
    // As when the claim has ended.
    let ended = "UPDATE outbox SET next_at = next_at - interval '2 minutes' RETURNING id, attempts";
    let claimed = admin.query(ended, &[]).await.unwrap();
    assert!(claimed.iter().all(|row| row.get::<_, i32>(1) == 1), "{claimed:?}");
    assert!(claimed.iter().any(|row| row.get::<_, i64>(0) == stuck), "{claimed:?}");
    assert_eq!(outbox::round(&world.pool, &kept).await.unwrap(), 2);
    let told: Vec<String> = kept.0.into_inner().unwrap().into_iter().map(|(_, topic)| topic).collect();
    assert_eq!(told, ["first", "second"]);
}
