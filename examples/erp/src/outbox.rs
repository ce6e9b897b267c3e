//! What others are to be told of: written with what it tells of, and delivered after it, at least once.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tenantry::{Heard, Result, TenantContext, TenantPool, TransactionBlock, from_row};
use tracing::{info, warn};
use uuid::Uuid;

/// How many of one company are delivered before it is another's turn.
const PORTION: i64 = 20;

/// The channel on which it is told for which company a message was added.
const ADDED: &str = "outbox_added";

/// How often the worker looks for messages that are to be tried again, across companies and on the record.
const LOOK: Duration = Duration::from_secs(60);

/// How long the worker rests after an error.
const PAUSE: Duration = Duration::from_secs(1);

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

/// Adds one to the transaction that it tells of. Workers hear of the company when that is committed.
pub async fn add(tx: &TransactionBlock, topic: &str, payload: &Value) -> Result<()> {
    tx.execute("INSERT INTO outbox (topic, payload) VALUES ($1, $2)", &[&topic, payload]).await?;
    tx.query("SELECT pg_notify($1, $2)", &[&ADDED, &tx.tenant()?.as_setting()]).await.map(drop)
}

/// Delivers until the pool is closed, a portion of each company at a time.
pub async fn work(pool: TenantPool, delivery: Arc<dyn Delivery>) {
    while !pool.is_closed() {
        if let Err(reason) = deliver(&pool, &*delivery).await {
            warn!(%reason, "messages wait");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn deliver(pool: &TenantPool, delivery: &dyn Delivery) -> Result<()> {
    // Before the first look, so that nothing is added between.
    let mut listener = pool.listen(&[ADDED]).await?;
    let mut due: VecDeque<Uuid> = waiting(pool).await?.into();
    let mut looks = tokio::time::interval(LOOK);
    looks.tick().await;
    loop {
        while let Some(company) = due.pop_front() {
            if portion(pool, delivery, company).await? > 0 {
                due.push_back(company);
            }
        }
        let heard = tokio::select! {
            heard = listener.next() => Some(heard?),
            // What is tried again later, nobody tells of.
            _ = looks.tick() => None,
        };
        match heard {
            Some(Heard::Notification { payload, .. }) => due.extend(payload.parse::<Uuid>()),
            // Some may have been missed.
            _ => due.extend(waiting(pool).await?),
        }
    }
}

/// The companies that have messages which are due.
async fn waiting(pool: &TenantPool) -> Result<Vec<Uuid>> {
    let sql = "SELECT DISTINCT tenant_id FROM outbox WHERE delivered_at IS NULL AND next_at <= now()";
    let companies: Vec<(Uuid,)> = pool.system("outbox: who has messages")?.query_as(sql, &[]).await?;
    Ok(companies.into_iter().map(|(company,)| company).collect())
}

/// One portion of each company that has any. How many were delivered.
pub async fn round(pool: &TenantPool, delivery: &dyn Delivery) -> Result<usize> {
    let mut delivered = 0;
    for company in waiting(pool).await? {
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
