//! Nothing commits, and nothing goes around a savepoint, while it lives.

use tenantry::{Result, TenantTransaction};

async fn commit(mut tx: TenantTransaction) -> Result<()> {
    let savepoint = tx.savepoint().await?;
    tx.commit().await?;
    savepoint.release().await
}

async fn around(mut tx: TenantTransaction) -> Result<()> {
    let savepoint = tx.savepoint().await?;
    tx.execute("select", &[]).await?;
    savepoint.release().await
}

fn main() {}
