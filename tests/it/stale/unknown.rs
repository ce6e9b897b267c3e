//! Rows of types that the connection has not looked up yet: the driver would ask for the type behind rows
//! that nobody reads.

use std::error::Error;
use std::time::Duration;

use tenantry::types::{FromSql, Type};
use tenantry::{Row, StatementMode, Strategy, TenantPool};
use tokio::time::timeout;

use crate::support::erp::{Erp, tenant};

/// More than the driver and the sockets between keep of rows that nobody reads.
const ROWS: usize = 600;
const WIDTH: usize = 2_000;

const TYPES: &str = "
create schema t;
create type t.mood as enum ('glad', 'sad');
create domain t.amount as numeric check (value >= 0);
create type t.pair as (mood t.mood, label text);
create type t.span as range (subtype = bigint);
create table t.log (mood t.mood, filler text);
grant usage on schema t to tenantry_it_app;
grant select, insert, delete on t.log to tenantry_it_app;
";

/// Each on a connection that has looked up nothing.
const VALUES: [(&str, &str); 5] = [
    ("'glad'::t.mood", "mood"),
    // The server describes a domain as what it is made from.
    ("5::t.amount", "numeric"),
    ("row('sad', 'x')::t.pair", "pair"),
    ("array['glad', 'sad']::t.mood[]", "_mood"),
    ("t.span(1, 2)", "span"),
];

/// A value of any type, by its bytes.
struct Bytes(usize);

impl<'a> FromSql<'a> for Bytes {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw.len()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn select(value: &str) -> String {
    format!("select {value} as value, repeat('x', {WIDTH}) from generate_series(1, {ROWS})")
}

/// Whether all rows are there, and of the type.
fn whole(rows: &[Row], type_name: &str) {
    assert_eq!(rows.len(), ROWS);
    for row in rows {
        assert_eq!(row.columns()[0].type_().name(), type_name);
        assert!(row.try_get::<_, Bytes>(0).unwrap().0 > 0);
        assert_eq!(row.try_get::<_, &str>(1).unwrap().len(), WIDTH);
    }
}

async fn in_time<T>(what: &str, work: impl Future<Output = tenantry::Result<T>>) -> T {
    let done = timeout(Duration::from_secs(30), work).await;
    done.unwrap_or_else(|_| panic!("{what} hangs")).unwrap_or_else(|error| panic!("{what}: {error}"))
}

async fn streamed(mut rows: tenantry::RowStream<'_>) -> tenantry::Result<Vec<Row>> {
    let mut all = Vec::new();
    while let Some(row) = rows.try_next().await? {
        all.push(row);
    }
    Ok(all)
}

async fn fresh(erp: &Erp, strategy: Strategy, mode: StatementMode) -> TenantPool {
    let builder = TenantPool::builder(&erp.app_url()).max_size(1);
    builder.strategy(strategy).statements(mode).build().await.unwrap()
}

#[tokio::test]
async fn rows_of_a_type_that_is_not_looked_up_yet_arrive() {
    let erp = Erp::new().await;
    erp.admin().await.batch_execute(TYPES).await.unwrap();
    for strategy in [Strategy::Implicit, Strategy::Explicit] {
        for (n, (value, type_name)) in VALUES.into_iter().enumerate() {
            let mode = if n % 2 == 0 { StatementMode::Named } else { StatementMode::Unnamed };
            let sql = &select(value);
            let what = |place: &str| format!("{strategy:?}, {mode:?}, {type_name}, {place}");

            let pool = fresh(&erp, strategy, mode).await;
            let scope = pool.tenant(tenant(1));
            whole(&in_time(&what("single"), scope.query_typed(sql, &[])).await, type_name);
            // And by now the connection knows the type.
            whole(&in_time(&what("again"), scope.query_typed(sql, &[])).await, type_name);

            let pool = fresh(&erp, strategy, mode).await;
            let stream = async { streamed(pool.tenant(tenant(1)).query_typed_raw(sql, &[]).await?).await };
            whole(&in_time(&what("stream"), stream).await, type_name);

            let pool = fresh(&erp, strategy, mode).await;
            let tx = pool.tenant(tenant(1)).begin();
            whole(&in_time(&what("first of a transaction"), tx.query_typed(sql, &[])).await, type_name);
            tx.query_typed("select 1", &[]).await.unwrap();
            in_time(&what("commit"), tx.commit()).await;

            let pool = fresh(&erp, strategy, mode).await;
            let tx = pool.tenant(tenant(1)).begin();
            let cursor = in_time(&what("cursor"), tx.cursor(sql, &[])).await;
            whole(&in_time(&what("fetch"), cursor.fetch(1_000)).await, type_name);
            drop(cursor);
            in_time(&what("commit"), tx.commit()).await;

            let pool = fresh(&erp, strategy, mode).await;
            let tx = pool.tenant(tenant(1)).begin();
            let stream = async { streamed(tx.query_typed_raw(sql, &[]).await?).await };
            whole(&in_time(&what("stream of a transaction"), stream).await, type_name);
            in_time(&what("commit"), tx.commit()).await;
        }
    }
}

/// What is kept is not run again.
#[tokio::test]
async fn a_statement_that_writes_and_returns_such_rows_runs_once() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    admin.batch_execute(TYPES).await.unwrap();
    let sql = format!(
        "insert into t.log select 'sad', repeat('x', {WIDTH}) from generate_series(1, {ROWS}) returning *"
    );
    for strategy in [Strategy::Implicit, Strategy::Explicit] {
        for in_transaction in [false, true] {
            admin.batch_execute("delete from t.log").await.unwrap();
            let pool = fresh(&erp, strategy, StatementMode::Named).await;
            let rows = if in_transaction {
                let tx = pool.tenant(tenant(1)).begin();
                let rows = in_time("returning", tx.query_typed(&sql, &[])).await;
                in_time("commit", tx.commit()).await;
                rows
            } else {
                in_time("returning", pool.tenant(tenant(1)).query_typed(&sql, &[])).await
            };
            whole(&rows, "mood");
            let written = admin.query_one("select count(*) from t.log", &[]).await.unwrap();
            assert_eq!(written.get::<_, i64>(0), 600, "{strategy:?}, {in_transaction}");
        }
    }
}
