//! A transaction that has ended runs nothing more.

use tenantry::{Result, TenantTransaction};

async fn committed(tx: TenantTransaction) -> Result<()> {
    tx.commit().await?;
    tx.execute("select", &[]).await.map(drop)
}

async fn rolled_back(tx: TenantTransaction) -> Result<()> {
    tx.rollback().await?;
    tx.commit().await
}

fn main() {}
