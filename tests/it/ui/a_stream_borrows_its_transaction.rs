//! A transaction ends only after the streams, cursors and copies that it gave.

use tenantry::{Result, TenantTransaction};

async fn stream(tx: TenantTransaction) -> Result<()> {
    let mut rows = tx.query_typed_raw("select", &[]).await?;
    tx.commit().await?;
    rows.try_next().await.map(drop)
}

async fn cursor(tx: TenantTransaction) -> Result<()> {
    let cursor = tx.cursor("select", &[]).await?;
    tx.commit().await?;
    cursor.fetch(1).await.map(drop)
}

async fn copy(tx: TenantTransaction) -> Result<()> {
    let mut data = tx.copy_out("copy t to stdout").await?;
    tx.rollback().await?;
    data.try_next().await.map(drop)
}

fn main() {}
