//! Law 12: nothing waits for ever.

mod keepalive;
mod limits;
mod open;
mod timeout;

use std::time::Duration;

use tenantry::{Error, StatementMode, Statements, Strategy};

use crate::support::route::{Route, Way};

const WAYS: [(Route, Strategy, StatementMode); 9] = [
    (Route::Direct, Strategy::Implicit, StatementMode::Named),
    (Route::Direct, Strategy::Implicit, StatementMode::Unnamed),
    (Route::Direct, Strategy::Explicit, StatementMode::Named),
    (Route::Direct, Strategy::Explicit, StatementMode::Unnamed),
    (Route::Direct, Strategy::ExplicitSetLocal, StatementMode::Named),
    (Route::Direct, Strategy::ExplicitSetLocal, StatementMode::Unnamed),
    (Route::PgBouncer, Strategy::Implicit, StatementMode::Unnamed),
    (Route::PgBouncer, Strategy::Explicit, StatementMode::Unnamed),
    (Route::PgBouncer, Strategy::ExplicitSetLocal, StatementMode::Unnamed),
];

/// Runs a test on every way at once, since most of them wait for something to run out.
async fn on_every_way<F>(test: impl Fn(Way, StatementMode) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runs: Vec<_> = WAYS
        .into_iter()
        .map(|(route, strategy, mode)| {
            let way = Way::new(route, strategy);
            (way, mode, tokio::spawn(test(way, mode)))
        })
        .collect();
    for (way, mode, run) in runs {
        run.await.unwrap_or_else(|error| panic!("{way:?}, {mode:?}: {error}"));
    }
}

/// Ends a test that hangs.
async fn ends<T>(what: &str, work: impl Future<Output = T>) -> T {
    let minute = Duration::from_secs(60);
    tokio::time::timeout(minute, work).await.unwrap_or_else(|_| panic!("{what} hangs"))
}

async fn add(db: &Statements, id: i64) -> Result<u64, Error> {
    db.execute("insert into erp.account (id, tag) values ($1, '')", &[&id]).await
}

async fn ids(db: &Statements) -> Vec<i64> {
    let rows = db.query("select id from erp.account order by id", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn code(error: &Error) -> &str {
    error.code().map_or("", |code| code.code())
}
