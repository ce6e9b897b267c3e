//! diesel-async on its deadpool pool. The query builder rather than `sql_query`, because diesel caches
//! no prepared statement of the latter. Neither does it cache an UPDATE, so that one costs a flight more.

use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{Bool, Text};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join};

use super::{POOL, Peer};
use crate::work::{AnyError, Job, MANY, Rows, SETTING, Unit};

diesel::table! {
    bench.item (tenant_id, id) { tenant_id -> BigInt, id -> BigInt, name -> Text, }
}

diesel::table! {
    bench.stock (tenant_id, id) { tenant_id -> BigInt, id -> BigInt, note -> Text, }
}

diesel::table! {
    bench.entry (tenant_id, item) { tenant_id -> BigInt, item -> BigInt, note -> Text, }
}

diesel::define_sql_function! {
    fn set_config(name: Text, value: Text, is_local: Bool) -> Text;
}

#[derive(Clone, Copy)]
pub enum Style {
    /// The defaults: one request, one answer, and a test query whenever a connection is checked out.
    InTurn,
    /// What its documentation offers to save flights: no test query (`RecyclingMethod::Fast`), and the
    /// context and the first statement polled together, as it shows under "Pipelining".
    Joined,
}

pub struct Diesel {
    pool: Pool<AsyncPgConnection>,
    style: Style,
}

impl Diesel {
    pub fn connect(url: &str, style: Style) -> Result<Self, AnyError> {
        let mut config = ManagerConfig::<AsyncPgConnection>::default();
        config.recycling_method = match style {
            Style::InTurn => RecyclingMethod::default(),
            Style::Joined => RecyclingMethod::Fast,
        };
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        Ok(Self { pool: Pool::builder(manager).max_size(POOL).build()?, style })
    }

    async fn work(&self, unit: &Unit) -> Result<Rows, AnyError> {
        let mut connection = self.pool.get().await?;
        let style = self.style;
        let read = connection.transaction(async |connection| transact(connection, style, unit).await);
        Ok(read.await?)
    }
}

async fn transact(connection: &mut AsyncPgConnection, style: Style, unit: &Unit) -> Result<Rows, Error> {
    let bind = diesel::select(set_config(SETTING, unit.tenant.to_string(), true));
    let mut bound_on = &*connection;
    let (mut first_on, connection) = (&*connection, &mut &*connection);
    let (bound, first) = (bind.execute(&mut bound_on), first(&mut first_on, unit));
    let mut read = match style {
        Style::InTurn => {
            bound.await?;
            first.await?
        }
        Style::Joined => try_join(bound, first).await?.1,
    };
    if unit.job == Job::FiveStatements {
        insert(connection, unit).await?;
        let stock = stock::table.filter(stock::id.eq(unit.id));
        diesel::update(stock).set(stock::note.eq(&unit.note)).execute(connection).await?;
        insert(connection, unit).await?;
        let stock = stock::table.filter(stock::id.eq(unit.id));
        read.extend(stock.select((stock::id, stock::note)).load::<(i64, String)>(connection).await?);
    }
    Ok(read)
}

/// The transaction's first statement.
async fn first(connection: &mut &AsyncPgConnection, unit: &Unit) -> Result<Rows, Error> {
    let items = item::table.select((item::id, item::name));
    match unit.job {
        Job::PointRead | Job::FiveStatements => items.filter(item::id.eq(unit.id)).load(connection).await,
        Job::HundredRows => {
            let many = item::id.ge(unit.id).and(item::id.lt(unit.id + MANY));
            items.filter(many).order(item::id).load(connection).await
        }
        Job::Insert => insert(connection, unit).await.map(|()| Rows::new()),
    }
}

async fn insert(connection: &mut &AsyncPgConnection, unit: &Unit) -> Result<(), Error> {
    let values = (entry::item.eq(unit.id), entry::note.eq(&unit.note));
    diesel::insert_into(entry::table).values(values).execute(connection).await.map(drop)
}

impl Peer for Diesel {
    fn variant(&self) -> &'static str {
        match self.style {
            Style::InTurn => "diesel-async",
            Style::Joined => "diesel-async, Fast, joined",
        }
    }

    fn run<'a>(&'a self, unit: &'a Unit) -> BoxFuture<'a, Result<Rows, AnyError>> {
        self.work(unit).boxed()
    }
}
