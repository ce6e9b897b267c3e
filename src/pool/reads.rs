//! Whether the policies of the database read the setting that carries the tenant.

use tokio_postgres::types::{ToSql, Type};
use tracing::{debug, warn};

use super::drain::Debt;
use super::lease::Lease;
use crate::ident::SettingName;

const READS: &str = include_str!("../../sql/pool/reads.sql");

/// Warns where the policies read settings, and not the one that carries the tenant: each query of a
/// tenant's would find no row, for ever. It is a warning, because a policy can come to the tenant by other ways.
pub(super) async fn look(lease: &Lease, setting: &SettingName) {
    lease.owe(Debt::Answer);
    let params: [(&(dyn ToSql + Sync), Type); 0] = [];
    let looked = lease.client().query_typed(READS, &params).await;
    lease.link().disarm();
    let rows = match looked {
        Ok(rows) => rows,
        Err(error) => {
            if error.code().is_some() {
                lease.settle();
            }
            return debug!(code = ?error.code(), "the policies could not be looked at");
        }
    };
    lease.settle();
    let read: Vec<String> = rows.iter().filter_map(|row| row.try_get(0).ok()).collect();
    if !read.is_empty() && !read.iter().any(|name| name.eq_ignore_ascii_case(setting.as_str())) {
        let read = read.join(", ");
        warn!(
            %setting, read,
            "no policy reads the setting that carries the tenant; set the one that the policies read with TenantPoolBuilder::setting"
        );
    }
}
