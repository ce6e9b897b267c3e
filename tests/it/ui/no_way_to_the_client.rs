//! No face of the pool has what the raw client has.

use tenantry::{Savepoint, Statements, TenantScope, TenantTransaction};

fn scope(scope: &TenantScope) {
    let _ = scope.simple_query("commit");
    let _ = scope.client();
}

fn transaction(tx: &TenantTransaction) {
    let _ = tx.simple_query("commit");
    let _ = tx.transaction();
}

fn savepoint(savepoint: &Savepoint<'_>) {
    let _ = savepoint.simple_query("commit");
}

fn statements(statements: &Statements) {
    let _ = statements.simple_query("commit");
}

fn main() {}
