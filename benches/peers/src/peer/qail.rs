//! qail-pg, a driver of its own with tenants in its pool. Its fastest form, `fetch_all_with_rls`,
//! sends the context and the statement in one flight; `release` commits, clears the session and
//! waits for both.
//!
//! Its forms that cache statements refuse one that returns no rows (3.0.2 takes the server's `NoData`
//! for a broken protocol), so what writes has a RETURNING here. Without it a lone insert would need
//! `acquire_with_rls` and `execute`, one flight more, and `execute` parses its statement each time.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use qail_core::ast::Qail as Command;
use qail_core::rls::RlsContext;
use qail_pg::{PgPool, PgRow, PoolConfig, TlsMode, rls_sql_with_timeout};
use tokio_postgres::config::{Config, Host};

use super::{POOL, Peer};
use crate::work::{AnyError, Job, MANY, Rows, Unit};

/// The only public form of the context's SQL also sets a statement timeout. Zero is none.
const NO_TIMEOUT: u32 = 0;

pub struct Qail {
    pool: PgPool,
}

impl Qail {
    pub async fn connect(url: &str) -> Result<Self, AnyError> {
        let config: Config = url.parse()?;
        let (Some(Host::Tcp(host)), Some(port)) = (config.get_hosts().first(), config.get_ports().first())
        else {
            return Err("the server's URL names no TCP host and port, which qail-pg needs".into());
        };
        let (user, database) =
            (config.get_user().unwrap_or_default(), config.get_dbname().unwrap_or_default());
        let password = String::from_utf8_lossy(config.get_password().unwrap_or_default());
        let config = PoolConfig::new(host, *port, user, database)
            .password(&password)
            .tls_mode(TlsMode::Disable)
            .max_connections(POOL);
        Ok(Self { pool: PgPool::connect(config).await? })
    }

    async fn work(&self, unit: &Unit) -> Result<Rows, AnyError> {
        let context = rls_sql_with_timeout(&RlsContext::tenant(&unit.tenant.to_string()), NO_TIMEOUT);
        let mut connection = self.pool.acquire_raw().await?;
        let found = connection.fetch_all_with_rls(&first(unit), &context).await?;
        let mut read = if unit.job == Job::Insert { Rows::new() } else { rows(found)? };
        if unit.job == Job::FiveStatements {
            connection.fetch_all_cached(&insert(unit)).await?;
            connection.fetch_all_cached(&update(unit)).await?;
            connection.fetch_all_cached(&insert(unit)).await?;
            let stock = Command::get("bench.stock").columns(["id", "note"]).eq("id", unit.id);
            read.extend(rows(connection.fetch_all_cached(&stock).await?)?);
        }
        connection.release_checked().await?;
        Ok(read)
    }
}

/// The transaction's first statement.
fn first(unit: &Unit) -> Command {
    let items = Command::get("bench.item").columns(["id", "name"]);
    match unit.job {
        Job::PointRead | Job::FiveStatements => items.eq("id", unit.id),
        Job::HundredRows => items.gte("id", unit.id).lt("id", unit.id + MANY).order_asc("id"),
        Job::Insert => insert(unit),
    }
}

fn insert(unit: &Unit) -> Command {
    let entry = Command::add("bench.entry").set_value("item", unit.id).set_value("note", unit.note.as_str());
    entry.returning(["item"])
}

fn update(unit: &Unit) -> Command {
    let stock = Command::set("bench.stock").set_value("note", unit.note.as_str()).eq("id", unit.id);
    stock.returning(["id"])
}

/// By the getters that need no column types: a connection that the pool has prepared a statement on
/// ahead of its first use has none for it.
fn rows(rows: Vec<PgRow>) -> Result<Rows, AnyError> {
    let read = |row: &PgRow| row.get_i64(0).zip(row.get_string(1));
    let rows: Option<Rows> = rows.iter().map(read).collect();
    rows.ok_or_else(|| "qail-pg returned a row that is not an id and a text".into())
}

impl Peer for Qail {
    fn variant(&self) -> &'static str {
        "qail-pg"
    }

    fn run<'a>(&'a self, unit: &'a Unit) -> BoxFuture<'a, Result<Rows, AnyError>> {
        self.work(unit).boxed()
    }
}
