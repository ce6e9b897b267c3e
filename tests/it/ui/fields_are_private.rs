//! What holds the connection cannot be taken out.

use tenantry::{Savepoint, Statements, TenantPool, TenantScope, TenantTransaction, TransactionBlock};

fn all(
    pool: TenantPool,
    scope: TenantScope,
    tx: TenantTransaction,
    block: TransactionBlock,
    savepoint: Savepoint<'static>,
    statements: &Statements,
) {
    let _ = pool.0;
    let _ = scope.single;
    let _ = tx.block;
    let _ = block.work;
    let _ = savepoint.block;
    let _ = &statements.0;
}

fn main() {}
