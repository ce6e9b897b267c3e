//! The product with a server that goes away under the operations. Stopping takes its time, so all
//! operations stand at a point of theirs when it happens.

use tenantry::testing::Server;
use tenantry::{TenantPool, testing};
use tokio::time::timeout;

use super::intervention::{Ended, Point, reach};
use super::operations::{Commits, Operation, Running, groups};
use super::stand::{Doing, LIMIT, Stand};
use super::{judge, warm_up};
use crate::support::route::Way;

struct Interrupted {
    operation: &'static Operation,
    stand: Stand,
    pool: TenantPool,
}

impl Interrupted {
    async fn new(way: Way, operation: &'static Operation, server: &Server) -> Self {
        let stand = Stand::beside(way, server).await;
        let pool = stand.pool(1).await;
        Self { operation, stand, pool }
    }

    /// How many messages the server sends for the operation.
    async fn messages(&self) -> usize {
        warm_up(self.operation, &self.pool, &self.stand).await;
        let before = self.stand.turnstile.passed();
        let run = (self.operation.run)(self.pool.clone(), Commits::default());
        timeout(LIMIT, run).await.expect("the operation hangs").unwrap();
        let messages = self.stand.turnstile.passed() - before;
        self.stand.clear().await;
        messages
    }

    /// Begins the operation and leaves it before its n-th message.
    async fn begin(&self, messages: usize) -> (Running, Commits) {
        warm_up(self.operation, &self.pool, &self.stand).await;
        let commits = Commits::default();
        let mut work = (self.operation.run)(self.pool.clone(), commits.clone());
        let reached = reach(work.as_mut(), &self.stand.turnstile, Point::Message(messages)).await;
        if let Some(result) = reached {
            // What it leaves unread may come after its end as well as before.
            work = Box::pin(async { result });
        }
        (work, commits)
    }
}

pub async fn leaves_nothing_half_done(way: Way) {
    // A commit that was acknowledged has to outlive the server here.
    let builder = testing::Server::builder().setting("synchronous_commit", "on");
    let mut server = builder.start_local().await.unwrap();
    let mut all = Vec::new();
    for operation in groups().iter().copied().flatten() {
        let interrupted = Interrupted::new(way, operation, &server).await;
        let messages = interrupted.messages().await;
        all.push((interrupted, messages));
    }
    // Ahead of the first message up to ahead of the last one.
    for point in 0.. {
        all.retain(|(_, messages)| point < *messages);
        if all.is_empty() {
            break;
        }
        let _doing = Doing(format!("the server stops ahead of message {point}"));
        let mut under_way = Vec::new();
        for (interrupted, _) in &all {
            under_way.push(interrupted.begin(point).await);
        }
        server.stop().await.unwrap();
        let mut ended = Vec::new();
        for ((interrupted, _), (work, commits)) in all.iter().zip(under_way) {
            interrupted.stand.turnstile.open();
            let result = timeout(LIMIT, work).await.expect("the operation hangs");
            ended.push((Ended::Hurt(result), commits));
        }
        server.start().await.unwrap();
        for ((interrupted, _), (ended, commits)) in all.iter_mut().zip(ended) {
            let _doing = Doing(format!("{}, whose server stopped", interrupted.operation.name));
            interrupted.stand.reconnect().await;
            interrupted.stand.check(&interrupted.pool, true).await;
            judge(interrupted.operation, &commits, &ended, interrupted.stand.written().await);
            interrupted.stand.clear().await;
        }
    }
}
