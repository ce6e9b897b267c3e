//! A second handle could outlive the commit.

use tenantry::{TenantTransaction, TransactionBlock};

fn all(tx: TenantTransaction, block: TransactionBlock) {
    let _ = tx.clone();
    let _ = block.clone();
}

fn main() {}
