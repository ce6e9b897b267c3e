//! What others are to be told of: written with what it tells of, and delivered after it, at least once.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tenantry::{Heard, Result, TenantContext, TenantPool, TransactionBlock, from_row};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{info, warn};
use uuid::Uuid;

/// How many of one company are delivered before it is another's turn.
const PORTION: i64 = 20;

/// Of how many companies portions may be under way.
const AT_ONCE: usize = 8;

/// The channel on which it is told for which company a message was added.
const ADDED: &str = "outbox_added";

/// How often the worker looks for messages of which nobody has told it, across companies and on the record: those that a worker had claimed
/// which is no more.
const LOOK: Duration = Duration::from_secs(60);

/// How long the delivery of one message may take.
const LIMIT: Duration = Duration::from_secs(5);

/// How long a portion is the worker's that has claimed it: longer than all of its deliveries may take. What it has not marked by then is
/// another's.
const CLAIM: Duration = Duration::from_secs(120);

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

/// A delivery that is under way, and ends with why the message could not be delivered.
pub type Delivering<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// How messages leave. One that was told to have left may come again, with the same id, where nobody heard of it.
pub trait Delivery: Send + Sync {
    fn deliver<'a>(&'a self, company: Uuid, message: &'a Message) -> Delivering<'a>;
}

/// Tells the log, without what is in them.
pub struct ToTheLog;

impl Delivery for ToTheLog {
    fn deliver<'a>(&'a self, _: Uuid, message: &'a Message) -> Delivering<'a> {
        info!(id = message.id, topic = message.topic, "delivered");
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Adds one to the transaction that it tells of. Workers hear of the company when that is committed.
pub async fn add(tx: &TransactionBlock, topic: &str, payload: &Value) -> Result<()> {
    tx.execute("INSERT INTO outbox (topic, payload) VALUES ($1, $2)", &[&topic, payload]).await?;
    tx.query("SELECT pg_notify($1, $2)", &[&ADDED, &tx.tenant()?.as_setting()]).await.map(drop)
}

/// Delivers until the pool is closed, a portion of each company at a time. Who receives slowly holds up its own company's alone, as long as
/// fewer than `AT_ONCE` do.
pub async fn work(pool: TenantPool, delivery: Arc<dyn Delivery>) {
    while !pool.is_closed() {
        if let Err(reason) = deliver(&pool, &delivery).await
            && !reason.is_pool_closed()
        {
            warn!(%reason, "messages wait");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn deliver(pool: &TenantPool, delivery: &Arc<dyn Delivery>) -> Result<()> {
    // Before the first look, so that nothing is added between.
    let mut listener = pool.listen(&[ADDED]).await?;
    let mut due: VecDeque<Uuid> = waiting(pool).await?.into();
    let mut looks = tokio::time::interval(LOOK);
    looks.tick().await;
    // Whose messages are to be tried again, and when.
    let mut later: BTreeSet<(Instant, Uuid)> = BTreeSet::new();
    // Whose portions are under way. Those of one company follow each other.
    let (mut busy, mut working) = (BTreeSet::new(), JoinSet::new());
    loop {
        while busy.len() < AT_ONCE
            && let Some(at) = due.iter().position(|company| !busy.contains(company))
            && let Some(company) = due.remove(at)
        {
            busy.insert(company);
            let (pool, delivery) = (pool.clone(), Arc::clone(delivery));
            working.spawn(async move { (company, portion(&pool, &*delivery, company).await) });
        }
        let mut add = |company| {
            if !due.contains(&company) {
                due.push_back(company);
            }
        };
        tokio::select! {
            Some(ended) = working.join_next() => {
                let (company, done) = ended.unwrap_or_else(|panicked| resume_unwind(panicked.into_panic()));
                busy.remove(&company);
                let Portion { claimed, again, .. } = done?;
                later.extend(again.map(|wait| (Instant::now() + wait, company)));
                if i64::try_from(claimed).is_ok_and(|claimed| claimed == PORTION) {
                    add(company);
                }
            }
            heard = listener.next() => match heard? {
                Heard::Notification { payload, .. } => payload.parse().into_iter().for_each(add),
                // Some may have been missed.
                _ => waiting(pool).await?.into_iter().for_each(add),
            },
            _ = looks.tick() => waiting(pool).await?.into_iter().for_each(add),
            () = reached(later.first()) => later.pop_first().into_iter().for_each(|(_, company)| add(company)),
        }
    }
}

async fn reached(first: Option<&(Instant, Uuid)>) {
    match first {
        Some((moment, _)) => sleep_until(*moment).await,
        None => std::future::pending().await,
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
        delivered += portion(pool, delivery, company).await?.delivered;
    }
    Ok(delivered)
}

/// What became of a portion.
struct Portion {
    claimed: usize,
    delivered: usize,
    /// After which time the first that failed is due again.
    again: Option<Duration>,
}

/// Delivers one portion of a company. No transaction is open meanwhile: the portion is claimed ahead of it, by when it is due again, and each
/// message that has left is marked after it. Where the worker ends between the two, the message is due again when the claim has ended.
async fn portion(pool: &TenantPool, delivery: &dyn Delivery, company: Uuid) -> Result<Portion> {
    let scope = pool.tenant(TenantContext::new(company));
    // Another worker takes others meanwhile.
    let mut messages: Vec<Message> = scope
        .query_as(
            "UPDATE outbox SET attempts = attempts + 1, next_at = now() + $2::double precision * interval '1 second'
             WHERE id IN (
                 SELECT id FROM outbox WHERE delivered_at IS NULL AND next_at <= now()
                 ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
             )
             RETURNING id, topic, payload",
            &[&PORTION, &CLAIM.as_secs_f64()],
        )
        .await?;
    messages.sort_unstable_by_key(|message| message.id);
    let (mut delivered, mut again) = (0, None);
    for message in &messages {
        let outcome = timeout(LIMIT, delivery.deliver(company, message)).await;
        match outcome.unwrap_or_else(|_| Err(format!("it took longer than {LIMIT:?}"))) {
            Ok(()) => {
                scope.execute("UPDATE outbox SET delivered_at = now() WHERE id = $1", &[&message.id]).await?;
                delivered += 1;
            }
            Err(reason) => {
                warn!(%reason, id = message.id, "a message was not delivered, and is tried again later");
                let sql = "UPDATE outbox
                    SET next_at = now() + least(interval '1 hour', interval '1 second' * 2 ^ least(attempts - 1, 12))
                    WHERE id = $1 RETURNING extract(epoch FROM next_at - now())::double precision";
                let seconds: f64 = scope.query_scalar(sql, &[&message.id]).await?;
                let wait = Duration::try_from_secs_f64(seconds).unwrap_or(PAUSE);
                again = Some(again.map_or(wait, |before: Duration| before.min(wait)));
            }
        }
    }
    Ok(Portion { claimed: messages.len(), delivered, again })
}
