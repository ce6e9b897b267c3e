//! All cells on one way to the server, one after the other.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::try_join_all;
use tenantry::{Error, Statement, StatementMode, Strategy, TenantPool};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::call::{Call, Failure, params, within};
use super::cell::{Cell, How, Kind, Place};
use super::report::{Report, Wrong};
use crate::support::erp::{APP, Erp, tenant};
use crate::support::pgbouncer::{PgBouncer, SERVER_CONNECTIONS};

/// The connections of the pool: a statement is warm on each of them.
const CONNECTIONS: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    DirectNamed,
    DirectUnnamed,
    PgBouncerUnnamed,
    /// A PgBouncer that keeps names apart, with several connections to the server that take turns.
    PgBouncerRoundRobin,
    /// The same, which opens new connections to the server behind the change.
    PgBouncerReconnect,
}

pub const ROUTES: [Route; 5] = [
    Route::DirectNamed,
    Route::DirectUnnamed,
    Route::PgBouncerUnnamed,
    Route::PgBouncerRoundRobin,
    Route::PgBouncerReconnect,
];

/// The PgBouncers that all lanes share; each has its own database behind them.
pub struct PgBouncers {
    pub unnamed: PgBouncer,
    pub named: PgBouncer,
}

pub struct Lane {
    route: Route,
    way: String,
    erp: Erp,
    admin: Client,
    pgbouncers: Arc<PgBouncers>,
    strategy: Strategy,
    pool: TenantPool,
    /// For statements that the caller prepares, which belong to their connection.
    narrow: TenantPool,
    report: Report,
}

/// What is wrong with a cell, and why.
type Problem = (Wrong, String);

/// Whether an error says what a caller has to know: that the statement's description was out of date, or
/// that a parameter is not of the type that it takes now.
fn is_clear(error: &Error) -> bool {
    (error.is_stale_statement() || error.is_usage()) && !error.is_in_doubt() && !error.is_connection_lost()
}

impl Lane {
    pub async fn open(route: Route, strategy: Strategy, pgbouncers: Arc<PgBouncers>) -> Self {
        let erp = Erp::new().await;
        let admin = erp.admin().await;
        let schema = format!(
            "create schema s; grant usage on schema s to {APP};
             alter default privileges in schema s grant all on tables to {APP};
             create table s.log (cell text)"
        );
        admin.batch_execute(&schema).await.unwrap();
        let pools =
            (0..2).map(|at| pool(route, strategy, &erp, &pgbouncers, if at == 0 { CONNECTIONS } else { 1 }));
        let [pool, narrow] = try_join_all(pools).await.unwrap().try_into().unwrap();
        let way = format!("{route:?} × {strategy:?}");
        let lane =
            Self { route, way, erp, admin, pgbouncers, strategy, pool, narrow, report: Report::default() };
        lane.open_server_connections().await;
        lane
    }

    /// PgBouncer opens connections to the server as they are needed: here all at once, to be there for turns.
    async fn open_server_connections(&self) {
        let pgbouncer = match self.route {
            Route::DirectNamed | Route::DirectUnnamed => return,
            Route::PgBouncerUnnamed => &self.pgbouncers.unnamed,
            Route::PgBouncerRoundRobin | Route::PgBouncerReconnect => &self.pgbouncers.named,
        };
        let url = self.erp.app_url_through(pgbouncer.address().port());
        let sleeps = (0..SERVER_CONNECTIONS).map(|_| async {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
            tokio::spawn(connection);
            client.batch_execute("select pg_sleep(0.3)").await
        });
        try_join_all(sleeps).await.unwrap();
    }

    /// Runs the cells and tells what they have shown.
    pub async fn run(mut self, cells: &[Cell]) -> Report {
        let runs = |cell: &Cell| self.strategy == Strategy::Implicit || cell.depends_on_the_strategy();
        let cells: Vec<_> = cells.iter().enumerate().filter(|(_, cell)| runs(cell)).collect();
        for (number, cell) in cells {
            let t = format!("t{number}");
            let outcome = AssertUnwindSafe(self.judge(*cell, &t)).catch_unwind().await;
            let problem = match outcome {
                Ok(Ok(failed_clearly)) => {
                    self.report.ran(&self.way, failed_clearly);
                    continue;
                }
                Ok(Err(problem)) => problem,
                Err(panic) => {
                    let said = panic.downcast_ref::<String>().map(String::as_str);
                    let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
                    (Wrong::Panic, said.unwrap_or_default().to_owned())
                }
            };
            self.report.ran(&self.way, false);
            let (what, why) = problem;
            self.report.wrong(&self.way, &cell.to_string(), cell.change.name, what, &why);
            // The next cell is to see nothing of it.
            let opened = async |size| {
                pool(self.route, self.strategy, &self.erp, &self.pgbouncers, size).await.unwrap()
            };
            (self.pool, self.narrow) = (opened(CONNECTIONS).await, opened(1).await);
        }
        self.report
    }

    /// Runs one cell. Whether its first call has failed, as it may.
    async fn judge(&self, cell: Cell, t: &str) -> Result<bool, Problem> {
        let pool = if cell.how == How::Prepared { &self.narrow } else { &self.pool };
        let (sql, earlier) = (cell.sql(t), format!("insert into s.log values ('{t}')"));
        self.admin(&cell.change.before.replace("{t}", t)).await?;
        let statement = self.warm(pool, cell, &sql, &earlier).await.map_err(|failure| {
            (Wrong::Setup, format!("the statement does not run before the change: {failure:?}"))
        })?;
        self.admin(&cell.change.after.replace("{t}", t)).await?;
        if self.route == Route::PgBouncerReconnect {
            self.pgbouncers.named.reconnect(self.erp.database.name()).await;
        }

        let call = async |cell, statement: Option<&Statement>| {
            let call = Call { cell, sql: &sql, params: params(cell, true), statement, earlier: &earlier };
            check(cell, call.run(pool).await)
        };
        let mut calls = 0;
        let failed = match call(cell, statement.as_ref()).await? {
            None => {
                calls += 1;
                None
            }
            Some(error) if cell.has_to_heal() => return Err((Wrong::NotHealed, told(&error))),
            failed => failed,
        };
        self.look(cell, t, calls).await?;

        let then = |why: String| (Wrong::NotRightAfterwards, why);
        // Each connection has a description of its own, and of each a caller may hear once where nothing heals it.
        let mut patience = if cell.has_to_heal() { 0 } else { CONNECTIONS };
        // Whose parameter had the old type has been compiled anew by now.
        let cell = if cell.kind == Kind::WriteStrict { Cell { kind: Kind::Write, ..cell } } else { cell };
        for _ in 0..2 {
            loop {
                let statement =
                    self.prepare(pool, cell, &sql).await.map_err(|failure| then(format!("{failure:?}")))?;
                let called = call(cell, statement.as_ref()).await;
                match called.map_err(|(what, why)| then(format!("{what:?}: {why}")))? {
                    None => break calls += 1,
                    Some(_) if patience > 0 => patience -= 1,
                    Some(error) => return Err(then(told(&error))),
                }
            }
        }
        self.look(cell, t, calls).await?;
        Ok(failed.is_some())
    }

    /// Runs the statement twice on each connection, and gives what the caller has prepared.
    async fn warm(
        &self,
        pool: &TenantPool,
        cell: Cell,
        sql: &str,
        earlier: &str,
    ) -> Result<Option<Statement>, Failure> {
        let scope = pool.tenant(tenant(1));
        let mut open = Vec::new();
        for _ in 0..pool.status().max_size {
            let tx = scope.begin();
            within(async { Ok(tx.query("select 1", &[]).await?) }).await?;
            open.push(tx);
        }
        let mut last = None;
        for tx in open {
            let statement = if cell.how == How::Prepared { Some(tx.prepare(sql).await?) } else { None };
            let call =
                Call { cell, sql, params: params(cell, false), statement: statement.as_ref(), earlier };
            call.warm(&tx).await?;
            tx.rollback().await?;
            last = statement;
        }
        Ok(last)
    }

    async fn prepare(&self, pool: &TenantPool, cell: Cell, sql: &str) -> Result<Option<Statement>, Failure> {
        if cell.how != How::Prepared {
            return Ok(None);
        }
        let tx = pool.tenant(tenant(1)).begin();
        let prepared = within(async { Ok(tx.prepare(sql).await?) }).await?;
        tx.rollback().await?;
        Ok(Some(prepared))
    }

    async fn admin(&self, sql: &str) -> Result<Vec<SimpleQueryMessage>, Problem> {
        self.admin.simple_query(sql).await.map_err(|error| (Wrong::Setup, format!("{sql}: {error:?}")))
    }

    /// Looks at what was written, from outside.
    async fn look(&self, cell: Cell, t: &str, calls: usize) -> Result<(), Problem> {
        let mut looks = Vec::new();
        if cell.writes() {
            looks.push((cell.look(t), cell.right_in_table(calls)));
        }
        if matches!(cell.place, Place::Later | Place::Transact) {
            looks.push((format!("select count(*) from s.log where cell = '{t}'"), calls.to_string()));
        }
        for (sql, right) in looks {
            let messages = self.admin(&sql).await?;
            let held = messages.iter().find_map(|message| match message {
                SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            });
            if held != Some(&right) {
                let why =
                    format!("{sql}: {} instead of {right} after {calls} good calls", held.unwrap_or("null"));
                return Err((Wrong::Rows, why));
            }
        }
        Ok(())
    }
}

/// Holds what a call has brought against what is right. Its error, if it is one that may be.
fn check(cell: Cell, outcome: Result<super::cell::Answer, Failure>) -> Result<Option<Error>, Problem> {
    match outcome {
        Ok(answer) if answer == cell.right() => Ok(None),
        Ok(answer) => Err((Wrong::Values, format!("{answer:?} instead of {:?}", cell.right()))),
        Err(Failure::Unreadable(why)) => Err((Wrong::Values, why)),
        Err(Failure::Hangs) => Err((Wrong::Hang, "no answer".to_owned())),
        Err(Failure::Error(error)) if is_clear(&error) => Ok(Some(error)),
        Err(Failure::Error(error)) => Err((Wrong::Doubt, told(&error))),
    }
}

fn told(error: &Error) -> String {
    let code = error.code().map_or("no SQLSTATE", tenantry::SqlState::code);
    format!("{error} ({code}; {:?})", error.as_db_error().map(tenantry::DbError::message))
}

async fn pool(
    route: Route,
    strategy: Strategy,
    erp: &Erp,
    pgbouncers: &PgBouncers,
    size: usize,
) -> Result<TenantPool, Error> {
    let (url, mode) = match route {
        Route::DirectNamed => (erp.app_url(), StatementMode::Named),
        Route::DirectUnnamed => (erp.app_url(), StatementMode::Unnamed),
        Route::PgBouncerUnnamed => {
            (erp.app_url_through(pgbouncers.unnamed.address().port()), StatementMode::Unnamed)
        }
        Route::PgBouncerRoundRobin | Route::PgBouncerReconnect => {
            (erp.app_url_through(pgbouncers.named.address().port()), StatementMode::Named)
        }
    };
    TenantPool::builder(&url).strategy(strategy).statements(mode).max_size(size).build().await
}
