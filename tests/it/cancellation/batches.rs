//! Batches that are interrupted.

use tenantry::types::ToSql;
use tenantry::{Batch, CopyOut, Result, SqlState, TenantPool};

use super::operations::Operation;
use super::stand::OWN;
use super::statements::{COPY_OUT, DIVIDE, INSERT, SELECT, UPDATE, fails};
use crate::support::erp::tenant;

pub const BATCHES: &[Operation] = &[
    Operation {
        name: "a batch on a new connection",
        fresh: true,
        writes: 5,
        run: |pool, commits| {
            Box::pin(async move {
                commits.now();
                let mut batch = Batch::new();
                batch.add(UPDATE, &[]).add(SELECT, &[]).add(INSERT, &[]);
                pool.tenant(tenant(OWN)).batch(&batch).await.map(drop)
            })
        },
    },
    Operation {
        name: "a batch",
        fresh: false,
        writes: 5,
        run: |pool, commits| {
            Box::pin(async move {
                commits.now();
                let mut batch = Batch::new();
                batch.add(UPDATE, &[]).add(SELECT, &[]).add(INSERT, &[]);
                let results = pool.tenant(tenant(OWN)).batch(&batch).await?;
                assert_eq!(results.iter().map(|result| result.rows_affected).collect::<Vec<_>>(), [3, 3, 2]);
                Ok(())
            })
        },
    },
    Operation {
        name: "a batch that fails",
        fresh: false,
        writes: 0,
        run: |pool, _| {
            Box::pin(async move {
                let mut batch = Batch::new();
                batch.add(UPDATE, &[]).add(DIVIDE, &[]).add(INSERT, &[]);
                fails(pool.tenant(tenant(OWN)).batch(&batch).await, &SqlState::DIVISION_BY_ZERO)
            })
        },
    },
    Operation {
        name: "a batch of transactions",
        fresh: false,
        writes: 2,
        run: |pool, commits| {
            Box::pin(async move {
                commits.now();
                let mut batch = Batch::new();
                batch.add(SELECT, &[]).add(DIVIDE, &[]).add(INSERT, &[]);
                let results = pool.tenant(tenant(OWN)).batch_each(&batch).await?;
                let [selected, divided, inserted] = <[_; 3]>::try_from(results).unwrap();
                let inserted = inserted?;
                assert_eq!(selected?.rows.len(), 3);
                assert_eq!(inserted.rows_affected, 2);
                fails(divided, &SqlState::DIVISION_BY_ZERO)
            })
        },
    },
    Operation {
        name: "many rows",
        fresh: false,
        writes: 3,
        run: |pool, commits| {
            Box::pin(async move {
                commits.now();
                let tag = tenant(OWN).as_setting();
                let rows = [100_i64, 101, 102];
                let scope = pool.tenant(tenant(OWN));
                let into = scope.insert_into("erp.account", ["id", "tag"]).chunk_size(1);
                into.rows(rows.iter().map(|id| [id as &(dyn ToSql + Sync), &tag])).await.map(drop)
            })
        },
    },
    Operation {
        name: "a COPY of its own",
        fresh: false,
        writes: 0,
        run: |pool, _| {
            Box::pin(async move {
                let Some(mut data) = copy_out(&pool).await? else {
                    return copy_in_a_transaction(&pool).await;
                };
                while data.try_next().await?.is_some() {}
                Ok(())
            })
        },
    },
    Operation {
        name: "a COPY of its own that is read in part",
        fresh: false,
        writes: 0,
        run: |pool, _| {
            Box::pin(async move {
                let Some(mut data) = copy_out(&pool).await? else {
                    return copy_in_a_transaction(&pool).await;
                };
                data.try_next().await.map(drop)
            })
        },
    },
];

/// None behind a pooler, where it is refused.
async fn copy_out(pool: &TenantPool) -> Result<Option<CopyOut<'static>>> {
    match pool.tenant(tenant(OWN)).copy_out(COPY_OUT).await {
        Err(error) if error.is_usage() && error.to_string().contains("pooler") => Ok(None),
        copy => copy.map(Some),
    }
}

/// What is to be done instead.
async fn copy_in_a_transaction(pool: &TenantPool) -> Result<()> {
    let tx = pool.tenant(tenant(OWN)).begin();
    let mut data = tx.copy_out(COPY_OUT).await?;
    while data.try_next().await?.is_some() {}
    drop(data);
    tx.commit().await
}
