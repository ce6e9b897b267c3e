//! What binds a tenant where a migration runs: the tenant as it is, or sealed where the database takes nothing else.

use std::borrow::Cow;
use std::time::Duration;

use tokio_postgres::Client;

use crate::error::{Error, Result};
use crate::policy::Tenancy;
use crate::policy::render::{Vars, render};
use crate::seal::{SealKey, Sealer, now};

/// A seal has to hold at the begin of the transaction that it is bound in, however far apart two clocks are.
const WINDOW: Duration = Duration::from_mins(15);

/// Binds tenants for whoever is logged in.
pub(crate) struct Binder(Option<Sealer>);

impl Binder {
    /// As the database takes them now: migrations may have it take sealed ones.
    ///
    /// # Errors
    ///
    /// It takes sealed ones alone, and there is no key.
    pub(crate) async fn of(client: &Client, tenancy: &Tenancy, key: Option<&SealKey>) -> Result<Self> {
        let failed = |source| Error::script("asking what binds a tenant", source);
        let vars = Vars::default().name("support", tenancy.support());
        let sql = render(include_str!("../../sql/seal/takes.sql"), &vars)?;
        let row = client.query_one(&sql, &[]).await.map_err(failed)?;
        let is = |column: &str| row.try_get::<_, bool>(column).map_err(failed);
        let text = |column: &str| row.try_get::<_, String>(column).map_err(failed);
        match key {
            _ if !is("sealed")? => Ok(Self(None)),
            Some(key) => Sealer::new(key, tenancy.setting_name(), &text("role")?, &text("database")?)
                .map(|sealer| Self(Some(sealer))),
            None if is("bare")? => Ok(Self(None)),
            None => Err(Error::config(
                "the database takes sealed tenants alone, and no key is named to seal with; name the file that holds it by \
                 --seal-key-file, or by TENANTRY_SEAL_KEY_FILE",
            )),
        }
    }

    /// Whether it seals them.
    #[cfg(feature = "cli")]
    pub(crate) fn seals(&self) -> bool {
        self.0.is_some()
    }

    /// What the setting is to carry for a tenant.
    pub(crate) fn value<'t>(&self, tenant: &'t str) -> Cow<'t, str> {
        match &self.0 {
            Some(sealer) => Cow::Owned(sealer.seal(tenant, (now() + WINDOW).as_secs(), None)),
            None => Cow::Borrowed(tenant),
        }
    }
}
