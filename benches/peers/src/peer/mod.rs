//! What is compared. Each peer is one file, and is used as its own documentation recommends.

mod deadpool;
mod diesel;
mod plain;
mod qail;
mod sqlx;
mod tenantry;
mod tenaxum;

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::database::Urls;
use crate::work::{AnyError, Rows, Unit};

/// How many connections each pool has.
pub const POOL: usize = 8;

/// The reference, to which all others are a ratio.
pub const REFERENCE: &str = "plain";

/// One way to run a tenant's work.
pub trait Peer: Send + Sync {
    /// How the report calls it.
    fn variant(&self) -> &'static str;

    /// Runs one request, from the connection pool to the acknowledged commit.
    fn run<'a>(&'a self, unit: &'a Unit) -> BoxFuture<'a, Result<Rows, AnyError>>;
}

/// Every peer, connected, the reference first.
pub async fn all(urls: &Urls) -> Result<Vec<Arc<dyn Peer>>, AnyError> {
    let app = urls.app.as_str();
    Ok(vec![
        Arc::new(plain::Plain::connect(&urls.reference)?),
        Arc::new(tenantry::Tenantry::connect(app, tenantry::Style::Default).await?),
        Arc::new(tenantry::Tenantry::connect(app, tenantry::Style::Reads).await?),
        Arc::new(deadpool::Deadpool::connect(app, deadpool::Style::InTurn)?),
        Arc::new(deadpool::Deadpool::connect(app, deadpool::Style::Joined)?),
        Arc::new(diesel::Diesel::connect(app, diesel::Style::InTurn)?),
        Arc::new(diesel::Diesel::connect(app, diesel::Style::Joined)?),
        Arc::new(sqlx::Sqlx::connect(app, sqlx::Checkout::Tested).await?),
        Arc::new(sqlx::Sqlx::connect(app, sqlx::Checkout::Untested).await?),
        Arc::new(tenaxum::Hooks::connect(app).await?),
        Arc::new(tenaxum::BeginTenant::connect(app).await?),
        Arc::new(qail::Qail::connect(app).await?),
    ])
}
