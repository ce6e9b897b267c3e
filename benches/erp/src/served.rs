//! The ways in which the page is served, each by a server of its own in this process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rust_decimal::Decimal;
use tenantry::testing::Database;
use tenantry::{Fairness, TenantPool};
use tenantry_erp::gate::Gate;
use tenantry_erp::token::Keys;
use tenantry_erp::{Service, routes};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::clients::Clients;
use crate::database::PASSWORD;
use crate::keys::{AUDIENCE, ISSUER, SignIn};
use crate::{AnyError, by_hand};

/// As many as the service has by default.
const SHARING_WIDTH: usize = 4;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// deadpool-postgres and `WHERE tenant_id = $1`, as a role that no policy binds.
    ByHand,
    /// The ERP as it is.
    Erp,
    /// sqlx and its transaction around `set_config` and the statement.
    Sqlx,
    /// The same without the question to the server whether a connection is alive, which sqlx asks by default.
    SqlxUntested,
}

impl Way {
    /// In the order of their numbers.
    pub const ALL: [Self; 4] = [Self::ByHand, Self::Erp, Self::Sqlx, Self::SqlxUntested];

    pub fn name(self) -> &'static str {
        match self {
            Self::ByHand => "filter by hand on deadpool-postgres",
            Self::Erp => "the ERP on tenantry",
            Self::Sqlx => "sqlx, BEGIN, set_config, SELECT, COMMIT",
            Self::SqlxUntested => "the same, test_before_acquire off",
        }
    }

    pub fn short(self) -> &'static str {
        match self {
            Self::ByHand => "by hand",
            Self::Erp => "the ERP",
            Self::Sqlx => "sqlx",
            Self::SqlxUntested => "sqlx, untested",
        }
    }

    /// Serves it with so many connections to the database.
    pub async fn serve(
        self,
        connections: usize,
        database: &Database,
        sign_in: &SignIn,
    ) -> Result<Served, AnyError> {
        let app = database.url_as("erp_app", PASSWORD);
        // As the service opens it.
        let pool = TenantPool::builder(&app)
            .system_url(&database.url_as("erp_system", PASSWORD))
            .record_system_access("tenantry.system_access")
            .max_size(connections)
            .sharing_width(SHARING_WIDTH)
            .fairness(Fairness::round_robin().max_waiting(200))
            .slow_statement_after(Duration::from_secs(1))
            .build()
            .await?;
        let keys = Keys::read(sign_in.file.clone(), ISSUER, AUDIENCE)?;
        let gate = Arc::new(Gate::new(pool.clone(), keys));
        let router: Router = match self {
            Self::ByHand => {
                by_hand::with_a_filter(&database.url_as("erp_system", PASSWORD), connections, gate)?
            }
            Self::Erp => routes(Service::new(pool, gate)),
            Self::Sqlx => by_hand::with_a_transaction(&app, connections, true, gate).await?,
            Self::SqlxUntested => by_hand::with_a_transaction(&app, connections, false, gate).await?,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}/invoices", listener.local_addr()?);
        Ok(Served { address, server: tokio::spawn(axum::serve(listener, router).into_future()) })
    }
}

/// A way that is being served. Dropped, it takes no more connections.
pub struct Served {
    pub address: String,
    server: JoinHandle<std::io::Result<()>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Makes sure that each company gets the same page in every way, and no other's.
pub async fn are_the_same(ways: &[Clients]) -> Result<(), AnyError> {
    let Some((first, others)) = ways.split_first() else { return Ok(()) };
    let expected = first.pages().await?;
    for (company, page) in expected.iter().enumerate() {
        let invoices: Vec<serde_json::Value> = serde_json::from_slice(page)?;
        if invoices.len() != 50 || expected[..company].contains(page) {
            return Err(format!("{}: no page of 50 of its own", String::from_utf8_lossy(page)).into());
        }
    }
    let expected = plain(&expected)?;
    for other in others {
        let found = plain(&other.pages().await?)?;
        if let Some((found, expected)) =
            found.iter().zip(&expected).find(|(found, expected)| found != expected)
        {
            return Err(format!("a page is {found:?}, and {expected:?} by hand").into());
        }
    }
    Ok(())
}

/// Pages with their amounts as numbers: sqlx leaves the zeros behind a whole amount out.
fn plain(pages: &[axum::body::Bytes]) -> Result<Vec<Vec<BTreeMap<String, String>>>, AnyError> {
    let field = |(name, value): (String, serde_json::Value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let number = text.parse::<Decimal>().map(|number| number.normalize().to_string());
        (name, number.unwrap_or(text))
    };
    let page = |page: &axum::body::Bytes| {
        let invoices: Vec<BTreeMap<String, serde_json::Value>> = serde_json::from_slice(page)?;
        Ok(invoices.into_iter().map(|invoice| invoice.into_iter().map(field).collect()).collect())
    };
    pages.iter().map(page).collect()
}
