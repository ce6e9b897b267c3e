//! What a transaction, a scope and a statement promise, by area.

mod cache;
mod cancel;
mod copy;
mod cursor;
mod download;
mod ending;
mod loan;
mod mode;
mod partitions;
mod recorded;
mod retry;
mod rows;
mod savepoint;
mod system;

use tenantry::{Error, Statements, TenantPool};

use crate::support::erp::tenant;

/// Opens one account; the tag is of no interest here.
const ADD: &str = "insert into erp.account (id, tag) values ($1, '')";

/// A statement that fails when it is run, not when it is prepared.
const FAILS: &str = "select 1 / 0";
const DIVISION: &str = "22012";

async fn add(db: &Statements, id: i64) {
    assert_eq!(db.execute(ADD, &[&id]).await.unwrap(), 1);
}

async fn ids(db: &Statements) -> Vec<i64> {
    let rows = db.query("select id from erp.account order by id", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The accounts of the first tenant that a transaction of its own sees.
async fn kept(pool: &TenantPool) -> Vec<i64> {
    ids(&pool.tenant(tenant(1))).await
}

async fn backend(pool: &TenantPool) -> i32 {
    pool.tenant(tenant(1)).query_one("select pg_backend_pid()", &[]).await.unwrap().get(0)
}

fn code(error: &Error) -> &str {
    error.code().map_or("", |code| code.code())
}
