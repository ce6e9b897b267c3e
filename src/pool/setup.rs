//! What is done once on each new connection, before anybody gets it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::drain::Debt;
use super::lease::Lease;
use crate::error::{Error, Kind, Result, Step};
use crate::ident::SettingName;

/// What a hook of [`TenantPoolBuilder::on_connect`](crate::TenantPoolBuilder::on_connect) does, in the end.
pub type SetupFuture<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// A connection that was opened just now, for a hook of [`TenantPoolBuilder::on_connect`](crate::TenantPoolBuilder::on_connect).
pub struct Setup<'a> {
    lease: &'a Lease,
    setting: &'a SettingName,
}

/// A hook.
#[derive(Clone)]
pub(super) struct Hook(Arc<dyn for<'a> Fn(&'a Setup<'a>) -> SetupFuture<'a> + Send + Sync>);

impl Hook {
    pub(super) fn new(
        hook: impl for<'a> Fn(&'a Setup<'a>) -> SetupFuture<'a> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(hook))
    }

    /// Runs it, between two looks of the guard: the first tells whether the session is the pool's own, and the second sees what
    /// was done to it.
    pub(super) async fn run(&self, lease: &Lease, setting: &SettingName) -> Result<()> {
        if !lease.link().is_direct() {
            return Err(Error::from(Kind::Config(BEHIND_A_POOLER.to_owned())));
        }
        lease.link().begin_set_up();
        lease.owe(Debt::Rollback);
        (self.0)(&Setup { lease, setting }).await?;
        let ended = lease.client().batch_execute("ROLLBACK").await;
        ended.map_err(|error| lease.error(Step::Setup, error))?;
        lease.settle();
        Ok(())
    }
}

const BEHIND_A_POOLER: &str = "on_connect sets up a session, and behind a pooler sessions are not the pool's own; set it for the role, with ALTER ROLE .. SET";

impl Setup<'_> {
    /// Runs statements without parameters, such as `SET timezone = 'Asia/Dhaka'; SET work_mem = '16MB'`. They hold for as long as the
    /// connection does.
    ///
    /// # Errors
    ///
    /// The text names the setting that carries the tenant ([`Error::is_usage`]); the server reports an error.
    pub async fn execute(&self, sql: &str) -> Result<()> {
        let setting = self.setting.as_str();
        if sql.to_ascii_lowercase().contains(&setting.to_ascii_lowercase()) {
            return Err(Error::config(format!(
                "on_connect names setting {setting}, which carries the tenant and is bound with each unit of work alone"
            )));
        }
        self.lease.client().batch_execute(sql).await.map_err(|error| self.lease.error(Step::Setup, error))
    }
}

impl fmt::Debug for Setup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").finish_non_exhaustive()
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}
