//! The statements that operations are made of, and what is said around them.

use std::sync::atomic::{AtomicUsize, Ordering};

use tenantry::{Result, SqlState, Statements};

use super::stand::{OTHER, OWN};
use crate::support::erp::tenant;

pub const UPDATE: &str = "update erp.account set balance = balance + 1 where id <= 3";
pub const UPDATE_RETURNING: &str = "update erp.account set balance = balance + 1 where id <= 3 returning id";
pub const INSERT: &str = "insert into erp.account (id, tag)
    select id, current_setting('app.tenant_id') from generate_series(100, 101) id";
pub const INSERT_MORE: &str = "insert into erp.account (id, tag)
    select id, current_setting('app.tenant_id') from generate_series(102, 103) id";
pub const SELECT: &str = "select id, tag from erp.account order by id";
pub const DIVIDE: &str = "update erp.account set balance = 1 / (id - 2)";
pub const FAIL: &str = "select 1 / 0";
pub const INSERT_ENTRY: &str = "insert into erp.entry (account_id, amount) values (1, 1)";
pub const INSERT_ORPHAN: &str = "insert into erp.entry (account_id, amount) values (99, 1)";
pub const COPY_IN: &str = "copy erp.stage from stdin";
pub const COPY_OUT: &str = "copy erp.account to stdout";
pub const COPY_REFUSED: &str = "copy erp.account (id, tag) from stdin";
const STRAY: &str = "select set_config('app.tenant_id', $1, true)";
const HOME: &str = "select current_setting('app.tenant_id')";

/// What a connection has prepared before it is interrupted, so that the points of an operation are
/// the same on each. What has no name here is prepared on the way, and is interrupted there too.
pub const PREPARED: [&str; 14] = [
    UPDATE,
    UPDATE_RETURNING,
    INSERT,
    INSERT_MORE,
    SELECT,
    DIVIDE,
    FAIL,
    INSERT_ENTRY,
    INSERT_ORPHAN,
    COPY_IN,
    COPY_OUT,
    COPY_REFUSED,
    STRAY,
    HOME,
];

pub const LINES: [&[u8]; 3] = [b"one\n", b"two\n", b"three\n"];

/// Turns the error that is expected into success. Another one stays.
pub fn fails<T>(result: Result<T>, code: &SqlState) -> Result<()> {
    match result {
        Ok(_) => panic!("it did not fail with {code:?}"),
        Err(error) if error.code() == Some(code) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Does in a savepoint what must not reach past its end.
pub async fn strays(savepoint: &Statements) -> Result<()> {
    let other = tenant(OTHER).as_setting();
    savepoint.query(STRAY, &[&other]).await.map(drop)
}

pub async fn is_at_home(statements: &Statements) -> Result<()> {
    let row = statements.query_one(HOME, &[]).await?;
    assert_eq!(row.get::<_, String>(0), tenant(OWN).as_setting(), "the context has strayed");
    Ok(())
}

/// The same statement in a text that no connection has prepared yet.
pub fn anew(sql: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    format!("{sql} -- {}", NEXT.fetch_add(1, Ordering::Relaxed))
}
