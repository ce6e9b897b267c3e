//! The transaction of `transact` is committed by `transact` alone.

use tenantry::TransactionBlock;

fn all(block: TransactionBlock) {
    let _ = block.commit();
    let _ = block.rollback();
}

fn main() {}
