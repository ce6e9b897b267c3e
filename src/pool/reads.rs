//! Whether the policies of the database read the setting that carries the tenant.

use tokio_postgres::{Error as PgError, Row};
use tracing::{debug, warn};

use super::client::Client;
use super::drain::Debt;
use super::lease::Lease;
use crate::ident::SettingName;

const READS: &str = include_str!("../../sql/pool/reads.sql");

/// Warns where the policies read settings, and not the one that carries the tenant: each query of a
/// tenant's would find no row, for ever. It is a warning, because a policy can come to the tenant by other ways.
///
/// To write a policy out, the server locks its table, which a migration may have to itself: nobody waits for
/// that, and nothing is said then.
pub(super) async fn look(lease: &Lease, setting: &SettingName) {
    lease.owe(Debt::Rollback);
    let looked = ask(lease.client()).await;
    if let Err(error) = &looked {
        debug!(code = ?error.code(), "the policies could not be looked at");
    }
    if lease.client().batch_execute("ROLLBACK").await.is_err() {
        return;
    }
    lease.settle();
    let rows = looked.unwrap_or_default();
    let read: Vec<String> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
    if !read.is_empty() && !read.iter().any(|name| name.eq_ignore_ascii_case(setting.as_str())) {
        let read = read.join(", ");
        warn!(
            %setting, read,
            "no policy reads the setting that carries the tenant; set the one that the policies read with TenantPoolBuilder::setting"
        );
    }
}

async fn ask(client: &Client) -> Result<Vec<Row>, PgError> {
    for command in ["BEGIN", "SET LOCAL lock_timeout = '100ms'", "SET LOCAL jit = off"] {
        client.batch_execute(command).await?;
    }
    client.query_typed(READS, &[]).await
}
