//! Connections, checked out only together with whom they are for.
//!
//! From the bottom up: the `Stock` has the connections and the places that bound them, and the
//! opener opens more; a `Lease` is one connection and what it still owes; the drain settles what
//! was abandoned; a `Strategy` decides what travels around a statement; `Single` and `Work` are a
//! unit of one statement and of many; `Shared` has the connections on which single statements follow
//! each other, by the rules of [`Sharing`]; [`Statements`], [`Scope`] and [`Transaction`] are their faces.
//! Nothing in here hands out the client or the connection.

mod access;
mod answers;
mod batch;
mod binding;
mod bounds;
mod builder;
mod cache;
mod cancel;
mod checkup;
mod client;
mod closing;
mod coming;
mod connection;
mod copy;
mod core;
mod credentials;
mod cursor;
mod deadline;
mod door;
mod download;
mod drain;
mod each_tenant;
mod elsewhere;
mod ending;
mod environment;
mod fairness;
mod forms;
mod from_row;
mod guard;
mod insert;
mod kept;
mod lease;
mod limits;
mod listener;
mod names;
mod object;
mod observe;
mod opener;
mod pace;
mod places;
mod prepare;
mod probe;
mod query_as;
mod reads;
mod ready;
mod recheck;
mod replicas;
mod resolve;
pub(crate) mod retry;
mod rows;
mod running;
mod scope;
mod seal;
#[cfg(feature = "serde")]
mod settings;
mod setup;
mod shared;
mod sharing;
mod single;
mod stale;
mod statement;
mod statements;
mod status;
mod stock;
mod strategy;
mod streams;
mod target;
mod task;
mod tending;
mod texts;
mod transaction;
mod turns;
mod url;
mod version;
mod waiting;
mod way;
mod work;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Config;

use self::binding::{Binding, TenantSetting};
use self::core::Core;
use self::probe::Probe;
use self::replicas::Replicas;
use self::way::Way;
use crate::error::{Error, Result};
use crate::tenant::{Servers, TenantContext, TenantType, refuse_nul};
#[cfg(feature = "prove")]
use crate::wire::Connected;

pub use self::batch::{Batch, BatchResult};
pub use self::builder::TenantPoolBuilder;
pub use self::cancel::CancelToken;
pub use self::closing::{Closed, Closing};
pub use self::copy::{CopyIn, CopyOut};
pub use self::credentials::{
    CredentialFuture, CredentialProvider, CredentialRequest, Credentials, PasswordFile,
};
pub use self::cursor::Cursor;
pub use self::door::{System, Tenant, Unbound};
pub use self::each_tenant::EachTenant;
pub use self::fairness::Fairness;
pub use self::from_row::{FromRow, NamedColumns, NamedValues, read_column};
pub use self::insert::InsertInto;
pub use self::listener::{Heard, Listener};
#[cfg(feature = "test-util")]
pub use self::observe::{Ran, Recorder};
pub use self::observe::{TenantKey, TenantVisibility, TraceCarrier};
pub use self::rows::RowStream;
pub use self::scope::{Scope, SystemScope, TenantScope, UnboundScope};
#[cfg(feature = "serde")]
pub use self::settings::PoolSettings;
pub use self::setup::{Setup, SetupFuture};
pub use self::sharing::Sharing;
use self::sharing::SharingRules;
pub use self::statement::{Statement, ToStatement};
pub use self::statements::Statements;
pub use self::status::PoolStatus;
pub use self::strategy::Strategy;
pub use self::transaction::{Savepoint, SystemTransaction, TenantTransaction, Transaction, TransactionBlock};

/// Connections to one database, each of which is used only as a tenant.
///
/// Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct TenantPool(Arc<Shared>);

struct Shared {
    tenants: Arc<Core>,
    replicas: Option<Arc<Replicas>>,
    system: Option<Arc<Core>>,
    setting: TenantSetting,
    tenant_type: TenantType,
    probe: Probe,
}

const NO_REPLICAS: &str =
    "the context is replica_only, and the pool has no replicas; name one with TenantPoolBuilder::replica_url";

impl TenantPool {
    /// Opens a pool with the defaults of [`TenantPoolBuilder`].
    ///
    /// ```no_run
    /// # async fn example() -> tenantry::Result<()> {
    /// use tenantry::{TenantId, TenantPool};
    ///
    /// let pool = TenantPool::connect("postgresql://erp_app@localhost/erp").await?;
    /// let acme = TenantId::parse_uuid("6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11")?;
    /// let rows = pool.tenant(acme).query("select id, total from invoice", &[]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`TenantPoolBuilder::build`].
    pub async fn connect(url: &str) -> Result<Self> {
        Self::builder(url).build().await
    }

    /// Sets a pool up, from a URL or from `key=value` pairs as libpq takes them.
    ///
    /// Options mean [what libpq means by them](https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS),
    /// with these differences. `sslmode=allow` is `prefer`. `sslmode=verify-ca` and `verify-full`, `sslrootcert`, `sslcert` and
    /// their like are up to the connector of [`TenantPoolBuilder::tls`], which the log says, or of feature `rustls`; without one they are refused.
    /// `target_session_attrs=primary` and `standby` are told by whether a session can write. `passfile` is read for the first
    /// host. `service` (see [`from_env`](Self::from_env)), `require_auth`, `requirepeer` and an encryption by GSSAPI are refused, and so is each option that is
    /// not known, by its name, when the pool is built.
    pub fn builder(url: &str) -> TenantPoolBuilder {
        TenantPoolBuilder::new(url)
    }

    /// Sets a pool up from a configuration of the driver's.
    pub fn builder_from_config(config: Config) -> TenantPoolBuilder {
        TenantPoolBuilder::from_config(config)
    }

    /// What follows runs as this tenant. Sends nothing.
    ///
    /// A tenant of another type than the pool's, or a context that sets the tenant's own setting,
    /// is an error of the first statement, before anything is sent ([`Error::is_usage`]).
    pub fn tenant(&self, context: impl Into<TenantContext>) -> TenantScope {
        let Shared { tenants, replicas, setting, tenant_type, .. } = &*self.0;
        let bound = match Binding::tenant(&context.into(), setting, *tenant_type) {
            Ok(binding) if binding.reading().servers == Servers::Replicas && replicas.is_none() => {
                Err(Error::config(NO_REPLICAS))
            }
            Ok(binding) => Ok(tenants.traced(binding)),
            Err(error) => Err(error),
        };
        let way = Way::to(tenants);
        let way = match (replicas, &bound) {
            (Some(replicas), Ok(binding))
                if binding.is_read_only() && binding.reading().servers != Servers::Primary =>
            {
                way.or_replicas(replicas)
            }
            _ => way,
        };
        Scope::new(way, bound.map_err(|error| error.to_string().into()))
    }

    /// What follows runs as no tenant: for what everybody may see, and for what has to be done before the tenant is known. Sends
    /// nothing.
    ///
    /// The role is that of the tenants, and policies hold: shared tables can be read, and of a table that is divided among tenants there
    /// is no row, or an error that says so ([`Error::is_no_tenant`]), as the manifest's `missing` has it. Which tenant a key
    /// belongs to, [`resolve`](Self::resolve) finds out.
    ///
    /// ```no_run
    /// # async fn example(pool: tenantry::TenantPool) -> tenantry::Result<()> {
    /// let currencies = pool.unbound().query("select code, name from currency", &[]).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn unbound(&self) -> UnboundScope {
        let Shared { tenants, setting, .. } = &*self.0;
        Scope::new(Way::to(tenants), Ok(tenants.traced(Binding::unbound(setting))))
    }

    /// What follows crosses tenants, as the system role and on the system pool. Sends nothing.
    ///
    /// Each statement or transaction is logged at INFO with the reason, which the server's side can
    /// read in the setting `tenantry.system_reason`, and at its end once more, with the number of rows that it returned or changed, how long
    /// it took, and whether it was committed. No tenant is bound. A table can record it as well, see
    /// [`TenantPoolBuilder::record_system_access`].
    ///
    /// ```no_run
    /// # async fn example(pool: tenantry::TenantPool) -> tenantry::Result<()> {
    /// let totals = pool
    ///     .system("nightly fx revaluation")?
    ///     .query("select tenant_id, sum(total)::text from invoice group by 1", &[])
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The reason is blank or holds a NUL character, or the pool was built without
    /// [`TenantPoolBuilder::system_url`].
    pub fn system(&self, reason: impl Into<String>) -> Result<SystemScope> {
        let reason = reason.into();
        if reason.trim().is_empty() {
            return Err(Error::config("the reason for crossing tenants is empty; say what the work is for"));
        }
        refuse_nul("the reason for crossing tenants", &reason)?;
        let Some(core) = &self.0.system else {
            return Err(Error::config(
                "the pool has no system role; give it one with TenantPoolBuilder::system_url",
            ));
        };
        let binding =
            core.traced(Binding::system(reason, self.0.setting.limits(), core.options().record.clone()));
        Ok(Scope::new(Way::to(core), Ok(binding)))
    }

    /// Listens to channels, on a connection of its own beside the pool's: for what concerns no tenant, such as a cache to be emptied.
    ///
    /// A channel is everybody's. Whoever may connect can listen to it and notify it, so a payload should hold no more than which row or
    /// tenant it is about; look the rest up as that tenant.
    ///
    /// # Errors
    ///
    /// No connection; or it leads through a pooler, where nobody keeps a session that listens ([`Error::is_usage`]).
    pub async fn listen(&self, channels: &[&str]) -> Result<Listener> {
        Listener::open(&self.0.tenants, channels).await
    }

    /// Retires the connections that are there now: idle ones are closed at once, others when their unit
    /// of work ends. What is asked for later is served by new ones. For a password, a server or a
    /// certificate that has changed.
    pub fn refresh(&self) {
        for core in self.cores() {
            core.stock().refresh();
        }
    }

    /// Closes the pool: idle connections at once, others when their transaction ends. Who waits for
    /// a connection, or asks for one later, gets an error ([`Error::is_pool_closed`]).
    ///
    /// This is done when it returns. What it returns can be awaited, which waits until the work that is under way has ended, and cuts off
    /// what takes too long, see [`Closing`].
    #[expect(
        clippy::must_use_candidate,
        reason = "the pool is closed, whether anybody waits for its end or not"
    )]
    pub fn close(&self) -> Closing {
        for core in self.cores() {
            core.close();
        }
        Closing::new(self.cores().cloned().collect())
    }

    /// Whether the pool can serve, for the probes of whoever runs the service: has the guard look at the role again, on a connection
    /// of each pool and with a canary that travels as tenants do. An answer that is no older than this is given again without asking.
    ///
    /// It waits for a connection as any other caller does. So a pool whose connections are all in use for longer than
    /// [`wait_timeout`](TenantPoolBuilder::wait_timeout) is not ready; nor is one that was closed, which a probe hears at once.
    ///
    /// ```no_run
    /// # async fn example(pool: tenantry::TenantPool) {
    /// use std::time::Duration;
    ///
    /// let status = match pool.ready(Duration::from_secs(5)).await {
    ///     Ok(()) => 200,
    ///     Err(_) => 503,
    /// };
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`TenantPoolBuilder::build`], and those of [`Statements`] for want of a connection. Replicas are not asked: without them
    /// the primary serves.
    pub async fn ready(&self, age: Duration) -> Result<()> {
        let Shared { tenants, system, .. } = &*self.0;
        self.0.probe.ask([tenants].into_iter().chain(system), age).await
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.tenants.stock().is_closed()
    }

    /// A connection that is not the pool's, by the same way and login, for what tries the role; and what drives it, to be
    /// kept as long.
    #[cfg(feature = "prove")]
    pub(crate) async fn connect_apart(&self) -> Result<(tokio_postgres::Client, impl Sized + use<>)> {
        let limit = self.0.tenants.options().bounds.connect_timeout;
        let Connected { client, link, driving } = self.0.tenants.target().connect_apart(limit).await?;
        Ok((client, (link, driving)))
    }

    fn cores(&self) -> impl Iterator<Item = &Arc<Core>> {
        let Shared { tenants, replicas, system, .. } = &*self.0;
        let replicas = replicas.iter().flat_map(|replicas| replicas.cores());
        [tenants].into_iter().chain(replicas).chain(system)
    }
}

impl fmt::Debug for TenantPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { tenants, system, setting, tenant_type, .. } = &*self.0;
        let SharingRules { sharing, depth, width } = tenants.options().sharing;
        f.debug_struct("TenantPool")
            .field("strategy", &tenants.strategy())
            .field("statements", &tenants.guard().statements())
            .field("sharing", &sharing)
            .field("sharing_depth", &depth)
            .field("sharing_width", &width.min(tenants.options().bounds.max_size))
            .field("settled", &tenants.guard().is_settled())
            .field("setting", &setting.name().as_str())
            .field("tenant_type", tenant_type)
            .field("system", &system.is_some())
            .field("replicas", &self.replica_status())
            .field("status", &self.status())
            .finish()
    }
}
