//! What others are to be told of: written with what it tells of, and delivered after it, at least once.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tenantry::{Result, Statements, TenantContext, TenantPool, from_row};
use tracing::{info, warn};
use uuid::Uuid;

/// How many of one company are delivered before it is another's turn.
const PORTION: i64 = 20;

/// How long the worker rests when there was nothing to deliver.
const REST: Duration = Duration::from_millis(500);

from_row! {
    #[derive(Clone, Debug)]
    pub struct Message {
        pub id: i64,
        pub topic: String,
        pub payload: Value,
    }
}

/// How messages leave. One that was told to have left may come again, with the same id, where nobody heard of it.
pub trait Delivery: Send + Sync {
    fn deliver<'a>(
        &'a self,
        company: Uuid,
        message: &'a Message,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}

/// Tells the log, without what is in them.
pub struct ToTheLog;

impl Delivery for ToTheLog {
    fn deliver<'a>(
        &'a self,
        _: Uuid,
        message: &'a Message,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        info!(id = message.id, topic = message.topic, "delivered");
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Adds one to the transaction that it tells of.
pub async fn add(db: &Statements, topic: &str, payload: &Value) -> Result<()> {
    db.execute("INSERT INTO outbox (topic, payload) VALUES ($1, $2)", &[&topic, payload]).await.map(drop)
}

/// Delivers until the pool is closed, a portion of each company at a time.
pub async fn work(pool: TenantPool, delivery: Arc<dyn Delivery>) {
    while !pool.is_closed() {
        match round(&pool, &*delivery).await {
            Ok(0) => tokio::time::sleep(REST).await,
            Ok(_) => {}
            Err(reason) => {
                warn!(%reason, "messages wait");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// One portion of each company that has any. How many were delivered.
pub async fn round(pool: &TenantPool, delivery: &dyn Delivery) -> Result<usize> {
    let waiting = "SELECT DISTINCT tenant_id FROM outbox WHERE delivered_at IS NULL AND next_at <= now()";
    let companies: Vec<(Uuid,)> = pool.system("outbox: who has messages")?.query_as(waiting, &[]).await?;
    let mut delivered = 0;
    for (company,) in companies {
        delivered += portion(pool, delivery, company).await?;
    }
    Ok(delivered)
}

async fn portion(pool: &TenantPool, delivery: &dyn Delivery, company: Uuid) -> Result<usize> {
    let tx = pool.tenant(TenantContext::new(company)).begin();
    // Another worker takes others meanwhile.
    let messages: Vec<Message> = tx
        .query_as(
            "SELECT id, topic, payload FROM outbox
             WHERE delivered_at IS NULL AND next_at <= now()
             ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED",
            &[&PORTION],
        )
        .await?;
    let mut delivered = Vec::with_capacity(messages.len());
    for message in &messages {
        match delivery.deliver(company, message).await {
            Ok(()) => delivered.push(message.id),
            Err(reason) => {
                warn!(%reason, id = message.id, "a message was not delivered, and is tried again later");
                tx.execute(
                    "UPDATE outbox SET attempts = attempts + 1,
                         next_at = now() + least(interval '1 hour', interval '1 second' * 2 ^ least(attempts, 12))
                     WHERE id = $1",
                    &[&message.id],
                )
                .await?;
            }
        }
    }
    let sql = "UPDATE outbox SET delivered_at = now() WHERE id = ANY ($1)";
    tx.execute(sql, &[&delivered]).await?;
    tx.commit().await?;
    Ok(delivered.len())
}
