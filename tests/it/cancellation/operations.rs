//! What is interrupted.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;

use bytes::Bytes;
use futures_util::SinkExt;
use tenantry::{Result, SqlState, TenantPool, TenantTransaction};

use super::batches::BATCHES;
use super::stand::OWN;
use super::statements::{
    COPY_IN, COPY_OUT, COPY_REFUSED, DIVIDE, FAIL, INSERT, INSERT_ENTRY, INSERT_MORE, INSERT_ORPHAN, LINES,
    SELECT, UPDATE, UPDATE_RETURNING, anew, fails, is_at_home, strays,
};
use crate::support::erp::tenant;

pub type Running = Pin<Box<dyn Future<Output = Result<()>>>>;

pub struct Operation {
    pub name: &'static str,
    /// Whether it has to open its connection first.
    pub fresh: bool,
    /// What [`Stand::written`](super::stand::Stand::written) counts when it has succeeded.
    pub writes: i64,
    pub run: fn(TenantPool, Commits) -> Running,
}

/// Whether something that commits was sent, which an operation notes just before it does that.
#[derive(Clone, Default)]
pub struct Commits(Rc<Cell<bool>>);

impl Commits {
    pub fn sent(&self) -> bool {
        self.0.get()
    }

    pub fn now(&self) {
        self.0.set(true);
    }
}

/// All of them.
pub fn groups() -> [&'static [Operation]; 6] {
    [BATCHES, SINGLE_STATEMENTS, TRANSACTIONS, COPIES, SAVEPOINTS, CURSORS_AND_PREPARE]
}

pub const SINGLE_STATEMENTS: &[Operation] = &[
    Operation {
        name: "a single statement on a new connection",
        fresh: true,
        writes: 2,
        run: |pool, commits| {
            Box::pin(async move {
                commits.now();
                pool.tenant(tenant(OWN)).execute(INSERT, &[]).await.map(|rows| assert_eq!(rows, 2))
            })
        },
    },
    Operation {
        name: "a single statement",
        fresh: false,
        writes: 3,
        run: |pool, commits| {
            Box::pin(async move {
                commits.now();
                pool.tenant(tenant(OWN)).execute(UPDATE, &[]).await.map(|rows| assert_eq!(rows, 3))
            })
        },
    },
    Operation {
        name: "a single statement that is not prepared",
        fresh: false,
        writes: 2,
        run: |pool, commits| {
            Box::pin(async move {
                commits.now();
                pool.tenant(tenant(OWN)).execute_typed(INSERT, &[]).await.map(|rows| assert_eq!(rows, 2))
            })
        },
    },
    Operation {
        name: "a single statement that fails",
        fresh: false,
        writes: 0,
        run: |pool, _| {
            Box::pin(async move {
                fails(pool.tenant(tenant(OWN)).execute(DIVIDE, &[]).await, &SqlState::DIVISION_BY_ZERO)
            })
        },
    },
    Operation {
        name: "a single statement whose rows are streamed",
        fresh: false,
        writes: 3,
        run: |pool, commits| {
            Box::pin(async move {
                commits.now();
                let mut rows = pool.tenant(tenant(OWN)).query_raw(UPDATE_RETURNING, &[]).await?;
                while rows.try_next().await?.is_some() {}
                Ok(())
            })
        },
    },
    Operation {
        name: "a single statement whose rows are read in part",
        fresh: false,
        writes: 0,
        run: |pool, _| {
            Box::pin(async move {
                let mut rows = pool.tenant(tenant(OWN)).query_raw(SELECT, &[]).await?;
                rows.try_next().await.map(drop)
            })
        },
    },
];

pub const TRANSACTIONS: &[Operation] = &[
    Operation {
        name: "a transaction of three statements",
        fresh: false,
        writes: 5,
        run: |pool, commits| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                tx.execute(UPDATE, &[]).await?;
                tx.execute(INSERT, &[]).await?;
                tx.query(SELECT, &[]).await?;
                commit(tx, &commits).await
            })
        },
    },
    Operation {
        name: "a transaction of statements that are under way together",
        fresh: false,
        writes: 5,
        run: |pool, commits| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                futures_util::future::try_join3(
                    tx.execute(UPDATE, &[]),
                    tx.execute(INSERT, &[]),
                    tx.query(SELECT, &[]),
                )
                .await?;
                commit(tx, &commits).await
            })
        },
    },
    Operation {
        name: "a transaction that runs again by itself",
        fresh: false,
        writes: 3,
        run: |pool, commits| {
            Box::pin(async move {
                pool.tenant(tenant(OWN))
                    .transact(async |tx| {
                        tx.execute(UPDATE, &[]).await?;
                        commits.now();
                        Ok(())
                    })
                    .await
            })
        },
    },
    Operation {
        name: "a commit that checks a constraint",
        fresh: false,
        writes: 1,
        run: |pool, commits| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                tx.execute(INSERT_ENTRY, &[]).await?;
                commit(tx, &commits).await
            })
        },
    },
    Operation {
        name: "a commit that is refused",
        fresh: false,
        writes: 0,
        run: |pool, commits| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                tx.execute(INSERT_ORPHAN, &[]).await?;
                fails(commit(tx, &commits).await, &SqlState::FOREIGN_KEY_VIOLATION)
            })
        },
    },
    Operation {
        name: "a rollback",
        fresh: false,
        writes: 0,
        run: |pool, _| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                tx.execute(UPDATE, &[]).await?;
                tx.rollback().await
            })
        },
    },
];

pub const COPIES: &[Operation] = &[
    Operation {
        name: "COPY in",
        fresh: false,
        writes: 3,
        run: |pool, commits| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                let mut copy = tx.copy_in(COPY_IN).await?;
                for line in LINES {
                    copy.send(Bytes::from_static(line)).await?;
                    copy.flush().await?;
                }
                assert_eq!(copy.finish().await?, 3);
                commit(tx, &commits).await
            })
        },
    },
    Operation {
        name: "COPY in that is left unfinished",
        fresh: false,
        writes: 0,
        run: |pool, _| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                let mut copy = tx.copy_in(COPY_IN).await?;
                copy.send(Bytes::from_static(LINES[0])).await?;
                drop(copy);
                tx.rollback().await
            })
        },
    },
    Operation {
        name: "COPY in that the server refuses",
        fresh: false,
        writes: 0,
        run: |pool, _| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                let copy = tx.copy_in::<Bytes>(COPY_REFUSED).await;
                fails(copy.map(drop), &SqlState::FEATURE_NOT_SUPPORTED)
            })
        },
    },
    Operation {
        name: "COPY in whose data the server refuses",
        fresh: false,
        writes: 0,
        run: |pool, _| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                let mut copy = tx.copy_in(COPY_IN).await?;
                copy.send(Bytes::from_static(b"one\ttoo many\n")).await?;
                fails(copy.finish().await.map(drop), &SqlState::BAD_COPY_FILE_FORMAT)?;
                tx.rollback().await
            })
        },
    },
    Operation {
        name: "COPY out",
        fresh: false,
        writes: 3,
        run: |pool, commits| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                tx.execute(UPDATE, &[]).await?;
                let mut part = tx.copy_out(COPY_OUT).await?;
                part.try_next().await?;
                drop(part);
                let mut all = tx.copy_out(COPY_OUT).await?;
                while all.try_next().await?.is_some() {}
                drop(all);
                commit(tx, &commits).await
            })
        },
    },
];

pub const SAVEPOINTS: &[Operation] = &[
    Operation {
        name: "a savepoint that is released",
        fresh: false,
        writes: 7,
        run: |pool, commits| {
            Box::pin(async move {
                let mut tx = pool.tenant(tenant(OWN)).begin();
                tx.execute(UPDATE, &[]).await?;
                let sp = tx.savepoint().await?;
                sp.execute(INSERT, &[]).await?;
                strays(&sp).await?;
                sp.release().await?;
                is_at_home(&tx).await?;
                tx.execute(INSERT_MORE, &[]).await?;
                commit(tx, &commits).await
            })
        },
    },
    Operation {
        name: "a savepoint that is rolled back to",
        fresh: false,
        writes: 5,
        run: |pool, commits| {
            Box::pin(async move {
                let mut tx = pool.tenant(tenant(OWN)).begin();
                tx.execute(UPDATE, &[]).await?;
                let sp = tx.savepoint().await?;
                sp.execute(INSERT, &[]).await?;
                strays(&sp).await?;
                fails(sp.query(FAIL, &[]).await, &SqlState::DIVISION_BY_ZERO)?;
                sp.rollback().await?;
                is_at_home(&tx).await?;
                tx.execute(INSERT_MORE, &[]).await?;
                commit(tx, &commits).await
            })
        },
    },
    Operation {
        name: "a savepoint that is dropped",
        fresh: false,
        writes: 5,
        run: |pool, commits| {
            Box::pin(async move {
                let mut tx = pool.tenant(tenant(OWN)).begin();
                tx.execute(UPDATE, &[]).await?;
                let sp = tx.savepoint().await?;
                sp.execute(INSERT, &[]).await?;
                strays(&sp).await?;
                drop(sp);
                is_at_home(&tx).await?;
                tx.execute(INSERT_MORE, &[]).await?;
                commit(tx, &commits).await
            })
        },
    },
];

pub const CURSORS_AND_PREPARE: &[Operation] = &[
    Operation {
        name: "a cursor",
        fresh: false,
        writes: 3,
        run: |pool, commits| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                tx.execute(UPDATE, &[]).await?;
                let cursor = tx.cursor(SELECT, &[]).await?;
                cursor.fetch(2).await?;
                cursor.fetch(2).await?;
                cursor.close().await?;
                commit(tx, &commits).await
            })
        },
    },
    Operation {
        name: "prepare",
        fresh: false,
        writes: 3,
        run: |pool, commits| {
            Box::pin(async move {
                let tx = pool.tenant(tenant(OWN)).begin();
                // Ahead of the first statement, and behind it.
                let update = tx.prepare(&anew(UPDATE)).await?;
                tx.execute(&update, &[]).await?;
                let select = tx.prepare(&anew(SELECT)).await?;
                tx.query(&select, &[]).await?;
                commit(tx, &commits).await
            })
        },
    },
];

async fn commit(tx: TenantTransaction, commits: &Commits) -> Result<()> {
    commits.now();
    tx.commit().await
}
