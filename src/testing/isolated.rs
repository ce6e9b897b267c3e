//! Assertions about what tenants see of each other.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::pool::TenantPool;
use crate::tenant::TenantId;

/// Fails a test unless a query shows each of two tenants rows, and no row to both.
///
/// It takes the pool, the two tenants, which must have rows by then, and the query, without parameters. A query that shows one of
/// them nothing fails as well, since nothing was shown by it. Must be used within an `async` function.
///
/// ```no_run
/// use tenantry::{TenantId, TenantPool, assert_isolated};
///
/// # async fn example(pool: TenantPool) -> tenantry::Result<()> {
/// let acme = TenantId::parse_uuid("6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11")?;
/// let globex = TenantId::parse_uuid("0b1ce2f4-7f0e-4d0c-9d63-5a3d1c1f7b22")?;
/// assert_isolated!(pool, [acme, globex], "select id, total from invoice");
///
/// // This one fails, as the currencies are everybody's: `both tenants see the row (EUR,Euro)`.
/// assert_isolated!(pool, [acme, globex], "select code, name from currency");
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! assert_isolated {
    ($pool:expr, [$one:expr, $other:expr $(,)?], $query:expr $(,)?) => {
        if let Err(error) = $crate::testing::isolated(&$pool, [&$one, &$other], $query).await {
            panic!("{error}");
        }
    };
}

/// What [`assert_isolated!`](crate::assert_isolated) asserts, as a result.
///
/// # Errors
///
/// A statement failed; or one of the tenants sees nothing, or both see the same row, which the error shows.
pub async fn isolated(pool: &TenantPool, tenants: [&TenantId; 2], query: &str) -> Result<()> {
    let [one, other] = tenants;
    let (first, second) = (seen(pool, one, query).await?, seen(pool, other, query).await?);
    for (tenant, rows) in [(one, &first), (other, &second)] {
        if rows.is_empty() {
            return Err(Error::config(format!(
                "tenant {} sees no row, so that nothing is shown; give each tenant one first",
                tenant.as_setting()
            )));
        }
    }
    match first.intersection(&second).next() {
        Some(row) => Err(Error::config(format!("both tenants see the row {row}"))),
        None => Ok(()),
    }
}

/// The rows that a tenant sees, as texts.
async fn seen(pool: &TenantPool, tenant: &TenantId, query: &str) -> Result<BTreeSet<String>> {
    let text = format!("SELECT t::text FROM ({}) AS t", query.trim_end().trim_end_matches(';'));
    let rows = pool.tenant(tenant.clone()).query(&text, &[]).await?;
    rows.iter().map(|row| row.try_get(0).map_err(Error::from)).collect()
}
