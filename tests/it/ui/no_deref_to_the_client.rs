//! Nothing turns into the raw client where one is expected.

use tenantry::{Savepoint, Statements, TenantScope, TenantTransaction};
use tokio_postgres::Client;

fn raw(_: &Client) {}

fn all(scope: &TenantScope, tx: &TenantTransaction, savepoint: &Savepoint<'_>, statements: &Statements) {
    raw(scope);
    raw(tx);
    raw(savepoint);
    raw(statements);
}

fn main() {}
