//! What a pool seals tenants with, so that no SQL can bind another one.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio_postgres::types::{ToSql, Type};
use tracing::{info, warn};

use super::drain::Debt;
use super::lease::Lease;
use super::limits::statement;
use crate::error::{Error, NOT_SEALED, Result, Step};
use crate::ident::SettingName;
use crate::seal::{SealKey, Sealer, now};
use crate::secret;
use crate::tenant::TenantType;

const VERIFY: &str = include_str!("../../sql/pool/verify_seal.sql");

/// A seal has to last for a statement's way to the server, and for clocks that differ.
const SHORTEST_WINDOW: Duration = Duration::from_secs(20);

/// Where the key is.
#[derive(Clone, Debug)]
pub(super) enum KeySource {
    Given(SealKey),
    /// It is read again from time to time. The variable names it, if one does.
    File(PathBuf, Option<String>),
}

impl KeySource {
    async fn read(&self) -> Result<SealKey> {
        match self {
            Self::Given(key) => Ok(key.clone()),
            Self::File(path, variable) => {
                let (path, variable) = (path.clone(), variable.clone());
                let read = move || secret::read(&path, "the file of the seal's key", variable.as_deref());
                let stopped =
                    |_| Error::config("the file of the seal's key was not read, since the runtime stops");
                let secret = spawn_blocking(read).await.map_err(stopped)?;
                SealKey::new(secret.map_err(|why| Error::config(why.to_string()))?)
            }
        }
    }
}

/// How a pool is to seal.
#[derive(Clone, Debug)]
pub(super) struct SealOptions {
    pub(super) source: Option<KeySource>,
    pub(super) window: Duration,
    /// The settings that are sealed beside the tenant's.
    pub(super) also: Vec<String>,
}

impl Default for SealOptions {
    fn default() -> Self {
        Self { source: None, window: Duration::from_mins(2), also: Vec::new() }
    }
}

impl SealOptions {
    /// # Errors
    ///
    /// What was set does not go together.
    pub(super) fn sealing(
        self,
        setting: &SettingName,
        tenant_type: TenantType,
    ) -> Result<Option<Arc<Sealing>>> {
        let Self { source, window, also } = self;
        let Some(source) = source else {
            return match also.first() {
                Some(name) => Err(Error::config(format!(
                    "setting {name} is to be sealed without a key; give one by seal"
                ))),
                None => Ok(None),
            };
        };
        if window < SHORTEST_WINDOW {
            return Err(Error::config(format!(
                "seal_window is {window:?}; expected {SHORTEST_WINDOW:?} or more, since clocks differ and statements wait"
            )));
        }
        let mut settings = vec![setting.clone()];
        for name in also {
            settings.push(SettingName::new(name)?);
        }
        Ok(Some(Arc::new(Sealing { source, window, settings, tenant_type, state: RwLock::default() })))
    }
}

/// Seals the contexts of a pool's connections.
pub(super) struct Sealing {
    source: KeySource,
    window: Duration,
    /// The tenant's, and those that are sealed beside it.
    settings: Vec<SettingName>,
    tenant_type: TenantType,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    key: Option<SealKey>,
    identities: Vec<Identity>,
}

/// As whom connections are logged in, and what seals for that role and database, one for each setting.
struct Identity {
    role: String,
    database: String,
    sealers: Vec<Sealer>,
}

impl Identity {
    fn new(key: &SealKey, settings: &[SettingName], role: &str, database: &str) -> Result<Self> {
        let sealer = |setting| Sealer::new(key, setting, role, database);
        let sealers = settings.iter().map(sealer).collect::<Result<_>>()?;
        Ok(Self { role: role.to_owned(), database: database.to_owned(), sealers })
    }
}

impl Sealing {
    /// Reads the key, again where it was read before. One that cannot be read any more leaves the one that is known.
    pub(super) async fn refresh(&self) -> Result<()> {
        let known = self.key();
        if known.is_some() && matches!(self.source, KeySource::Given(_)) {
            return Ok(());
        }
        let key = match (self.source.read().await, known) {
            (Ok(key), Some(known)) if key.id() == known.id() => return Ok(()),
            (Ok(key), known) => {
                info!(
                    key = key.id(),
                    replaces = known.as_ref().map(SealKey::id),
                    "tenants are sealed with this key"
                );
                key
            }
            (Err(error), None) => return Err(error),
            (Err(reason), Some(known)) => {
                warn!(%reason, key = known.id(), "the seal's key is not read anew; the one that is known stays in use");
                return Ok(());
            }
        };
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let anew = |of: &Identity| Identity::new(&key, &self.settings, &of.role, &of.database);
        state.identities = state.identities.iter().map(anew).collect::<Result<_>>()?;
        state.key = Some(key);
        Ok(())
    }

    fn key(&self) -> Option<SealKey> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).key.clone()
    }

    /// The number under which connections seal that are logged in so.
    pub(super) fn identity(&self, role: &str, database: &str) -> Result<usize> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let is_it = |of: &Identity| of.role == role && of.database == database;
        if let Some(at) = state.identities.iter().position(is_it) {
            return Ok(at);
        }
        let key = state.key.as_ref().ok_or_else(|| Error::config("the seal's key was not read"))?;
        let identity = Identity::new(key, &self.settings, role, database)?;
        state.identities.push(identity);
        Ok(state.identities.len() - 1)
    }

    /// A value of the setting with this place among those that are sealed. Without an identity nothing is sealed, and the server refuses it.
    fn seal(
        &self,
        setting: usize,
        value: &str,
        identity: Option<usize>,
        backend: Option<i32>,
    ) -> Option<String> {
        let expires = now() + self.window;
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let sealer = state.identities.get(identity?)?.sealers.get(setting)?;
        Some(sealer.seal(value, expires.as_secs(), backend))
    }

    /// Asks the server whether it takes what is sealed for this connection, by a function of this schema, whose name is quoted.
    ///
    /// # Errors
    ///
    /// It does not, or its clock is too far from this one.
    pub(super) async fn verify(&self, lease: &Lease, support: &str) -> Result<()> {
        let nobody = match self.tenant_type {
            TenantType::Uuid => "00000000-0000-0000-0000-000000000000",
            TenantType::Bigint | TenantType::Integer => "0",
            TenantType::Text => "nobody",
        };
        let sealed = Seals { sealing: self, identity: lease.client().identity(), backend: backend(lease) }
            .tenant(nobody);
        let (setting, sql) = (self.settings[0].as_str(), statement(VERIFY).replace(":support", support));
        let params: [(&(dyn ToSql + Sync), Type); 2] = [(&setting, Type::TEXT), (&sealed, Type::TEXT)];
        lease.owe(Debt::Answer);
        let asked = now();
        let rows = lease.client().query_typed(&sql, &params).await;
        let key = self.key().map(|key| key.id().to_owned()).unwrap_or_default();
        let rows = rows.map_err(|error| match error.as_db_error() {
            Some(refusal) if refusal.code().code() == NOT_SEALED => Error::config(format!(
                "the database does not take what the pool seals with key {key}: {}; {}",
                refusal.message(),
                refusal.hint().unwrap_or_default()
            )),
            _ => lease.error(Step::Guard, error),
        })?;
        let answered = now();
        lease.settle();
        let told = rows.first().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose();
        let told: Option<(Option<String>, f64)> = told.map_err(|error| lease.error(Step::Guard, error))?;
        let Some((_, clock)) = told.filter(|(tenant, _)| tenant.as_deref() == Some(nobody)) else {
            return Err(Error::config(format!(
                "the database does not take what the pool seals with key {key}; see that tenantry seal keys lists it"
            )));
        };
        suits([asked, answered], clock, self.window)
    }
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key();
        f.debug_struct("Sealing")
            .field("key", &key.as_ref().map(SealKey::id))
            .field("window", &self.window)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// What seals on one connection.
#[derive(Clone, Copy)]
pub(super) struct Seals<'a> {
    sealing: &'a Sealing,
    identity: Option<usize>,
    backend: Option<i32>,
}

impl<'a> Seals<'a> {
    pub(super) fn of(lease: &'a Lease) -> Option<Self> {
        let sealing = lease.opener().guard.sealing()?;
        Some(Self { sealing, identity: lease.client().identity(), backend: backend(lease) })
    }

    /// The tenant, sealed.
    pub(super) fn tenant(self, tenant: &str) -> String {
        self.sealing.seal(0, tenant, self.identity, self.backend).unwrap_or_default()
    }

    /// The value of another setting, if that is sealed.
    pub(super) fn other(self, setting: &str, value: &str) -> Option<String> {
        let at = self.sealing.settings.iter().skip(1).position(|name| name.as_str() == setting)?;
        Some(self.sealing.seal(at + 1, value, self.identity, self.backend).unwrap_or_default())
    }

    /// Whether others are sealed than the tenant.
    pub(super) fn has_others(self) -> bool {
        self.sealing.settings.len() > 1
    }
}

/// What of a binding is sealed, if anything is.
#[derive(Default)]
pub(super) struct Sealed {
    pub(super) first: Option<String>,
    pub(super) more: Vec<Option<String>>,
}

pub(super) static BARE: Sealed = Sealed { first: None, more: Vec::new() };

/// The process that serves a connection, unless a pooler may have another one serve its next statement.
fn backend(lease: &Lease) -> Option<i32> {
    let link = lease.link();
    if link.is_direct() { link.process_id() } else { None }
}

/// Refuses a server whose clock is too far from this one for seals that last so long. It was asked and has answered at these times.
fn suits([asked, answered]: [Duration; 2], clock: f64, window: Duration) -> Result<()> {
    // It looked at its clock at some moment between the two.
    let (behind, ahead) = (asked.as_secs_f64() - clock, clock - answered.as_secs_f64());
    let (apart, side) = if behind > ahead { (behind, "behind") } else { (ahead, "ahead of") };
    let most = window / 4;
    if apart <= most.as_secs_f64() {
        return Ok(());
    }
    Err(Error::config(format!(
        "the server's clock is {apart:.0} s {side} this machine's, and seals of {window:?} allow for {most:?}; \
         set both by the same source, or raise seal_window"
    )))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::suits;

    #[test]
    fn clocks_may_differ_by_a_quarter_of_the_window() {
        let window = Duration::from_mins(2);
        let between = |clock| {
            suits([1_000, 1_010].map(Duration::from_secs), clock, window).map_err(|error| error.to_string())
        };
        for clock in [970.0, 1_000.0, 1_005.0, 1_010.0, 1_040.0] {
            assert_eq!(between(clock), Ok(()), "{clock}");
        }
        let says = |apart: &str| {
            Err(format!(
                "the server's clock is {apart} this machine's, and seals of 120s allow for 30s; set both by the same source, or raise seal_window"
            ))
        };
        assert_eq!(between(969.0), says("31 s behind"));
        assert_eq!(between(1_141.0), says("131 s ahead of"));
    }
}
