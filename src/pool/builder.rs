//! How a pool is set up.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, Socket};
use tracing::info;

use super::binding::TenantSetting;
use super::core::{Core, Options};
use super::guard::Purpose;
use super::limits::Limits;
use super::retry::Retry;
use super::strategy::Strategy;
use super::{Shared, TenantPool};
use crate::error::{Error, Kind, Result};
use crate::ident::SettingName;
use crate::tenant::TenantType;
use crate::wire::{Connector, StatementMode};

/// How many connections the system pool has unless told otherwise.
const SYSTEM_MAX_SIZE: usize = 2;

/// Sets up a [`TenantPool`]. Nothing is sent before [`build`](Self::build).
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct TenantPoolBuilder {
    config: Target,
    system: Option<Target>,
    setting: String,
    tenant_type: TenantType,
    connector: Connector,
    options: Options,
    system_max_size: usize,
}

/// Where to connect to. Text is parsed when the pool is built.
#[derive(Clone, Debug)]
enum Target {
    Url(Secret),
    Config(Box<Config>),
}

/// A URL, which may hold a password.
#[derive(Clone)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(url)")
    }
}

impl Target {
    fn config(self) -> Result<Config> {
        match self {
            Self::Url(Secret(url)) => {
                let config = Config::from_str(&url).map_err(|error| Error::from(Kind::Url(error)))?;
                if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
                    return Err(Error::config(
                        "the database URL names no host; expected postgresql://user@host:port/database",
                    ));
                }
                Ok(config)
            }
            Self::Config(config) => Ok(*config),
        }
    }
}

impl From<&str> for Target {
    fn from(url: &str) -> Self {
        Self::Url(Secret(url.to_owned()))
    }
}

impl TenantPoolBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self::with_target(Target::from(url))
    }

    pub(super) fn from_config(config: Config) -> Self {
        Self::with_target(Target::Config(Box::new(config)))
    }

    fn with_target(config: Target) -> Self {
        Self {
            config,
            system: None,
            setting: "app.tenant_id".to_owned(),
            tenant_type: TenantType::default(),
            connector: Connector::default(),
            options: Options {
                limits: Limits {
                    max_size: 16,
                    min_idle: 0,
                    wait_timeout: Duration::from_secs(10),
                    connect_timeout: Duration::from_secs(5),
                    max_lifetime: Some(Duration::from_mins(30)),
                    idle_timeout: Some(Duration::from_mins(10)),
                    check_idle_after: Duration::from_millis(500),
                    recheck_role_after: Duration::from_secs(30),
                },
                drain_timeout: Duration::from_millis(200),
                strategy: None,
                statements: None,
                retry: Retry::default(),
            },
            system_max_size: SYSTEM_MAX_SIZE,
        }
    }

    /// The setting that carries the tenant, which the policies read. Default: `app.tenant_id`.
    pub fn setting(mut self, name: impl Into<String>) -> Self {
        self.setting = name.into();
        self
    }

    /// The type of the tenant column. A tenant of another type is refused before anything is sent.
    /// Default: [`TenantType::Uuid`].
    pub fn tenant_type(mut self, tenant_type: TenantType) -> Self {
        self.tenant_type = tenant_type;
        self
    }

    /// The most connections for tenants. Default: 16. Zero is refused.
    ///
    /// The server never sees more of them at a time: those that are being opened and closed count, and so
    /// does one that was abandoned, until its socket is closed and the server has ended what it ran, or
    /// has not for 30 s. Connections open when they are needed.
    pub fn max_size(mut self, connections: usize) -> Self {
        self.options.limits.max_size = connections;
        self
    }

    /// How many connections are kept idle once the pool is open, so that nobody waits for one to be opened.
    /// Default: 0. As many as `max_size` leaves room for; looked after once a second.
    pub fn min_idle(mut self, connections: usize) -> Self {
        self.options.limits.min_idle = connections;
        self
    }

    /// How long a caller waits for a connection while all are in use. Default: 10 s. Zero does not wait.
    ///
    /// Within this time a caller also waits for a server that takes no connections at the moment: one that
    /// nobody listens for, that starts or stops (SQLSTATE 57P03), or that is full (53300). The error is that of
    /// the last attempt then. Where a connection is being opened for the caller, `connect_timeout` counts.
    pub fn wait_timeout(mut self, limit: Duration) -> Self {
        self.options.limits.wait_timeout = limit;
        self
    }

    /// How long opening a connection may take, over all hosts of the URL. Default: 5 s.
    ///
    /// The URL's own `connect_timeout` counts for each host. The guard's look at the role
    /// has 30 s of its own.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.options.limits.connect_timeout = limit;
        self
    }

    /// How long a connection is used before another is opened in its place. Default: 30 minutes; `None`: for ever.
    ///
    /// Each has up to a tenth less, at random, so that not all are closed together. A unit of work that is under
    /// way is not interrupted.
    pub fn max_lifetime(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options.limits.max_lifetime = limit.into();
        self
    }

    /// How long a connection may be idle before it is closed, unless [`min_idle`](Self::min_idle) keeps it.
    /// Default: 10 minutes; `None`: for ever.
    pub fn idle_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options.limits.idle_timeout = limit.into();
        self
    }

    /// A connection that was idle for longer is asked whether it is still there before it is used: one
    /// empty Sync, for 1 s at most. Default: 500 ms.
    ///
    /// Where it does not answer, those that were idle as long are closed with it and others are opened, so
    /// that a load balancer or firewall that forgot them costs no error. The connection that was used last is
    /// used next.
    pub fn check_idle_after(mut self, limit: Duration) -> Self {
        self.options.limits.check_idle_after = limit;
        self
    }

    /// How often the guard looks again at the role of a pool that is in use. Default: 30 s.
    ///
    /// It looks at every new connection, and in the background at one that has just been used. A role that
    /// must not be used any more is logged at ERROR, all connections are closed, and callers hear of it as from
    /// [`build`](Self::build), until the role is mended.
    pub fn recheck_role_after(mut self, limit: Duration) -> Self {
        self.options.limits.recheck_role_after = limit;
        self
    }

    /// How long an abandoned connection may take to come to rest before the server is asked to
    /// cancel what it runs and the connection is closed. Default: 200 ms.
    ///
    /// A dropped future, a timeout and a panic abandon a connection. It counts as in use meanwhile,
    /// so this is also how long such a connection can keep a caller waiting.
    pub fn drain_timeout(mut self, limit: Duration) -> Self {
        self.options.drain_timeout = limit;
        self
    }

    /// How often [`Scope::transact`](crate::Scope::transact) runs a transaction again. Default: 5. Zero never does.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.options.retry = Retry { max_retries: retries, ..Retry::default() };
        self
    }

    /// How the tenant reaches the server. Default: [`Strategy::Implicit`], or
    /// [`Strategy::ExplicitSetLocal`] on a server with Citus.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.options.strategy = Some(strategy);
        self
    }

    /// Whether prepared statements keep their names on the server. Default: [`StatementMode::Named`], or
    /// [`StatementMode::Unnamed`] behind a pooler that does not keep names apart, such as PgBouncer before 1.21
    /// or without `max_prepared_statements`; the first connection finds out.
    pub fn statements(mut self, mode: StatementMode) -> Self {
        self.options.statements = Some(mode);
        self
    }

    /// The TLS connector for connections and cancel requests. Default: none, which fails where the
    /// URL says `sslmode=require`.
    pub fn tls<T>(mut self, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
        T::Stream: Sync + Send,
        T::TlsConnect: Sync + Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        self.connector = Connector::new(tls);
        self
    }

    /// Opens the system door as well: the URL with the system role, for [`TenantPool::system`].
    /// Default: no door.
    pub fn system_url(mut self, url: &str) -> Self {
        self.system = Some(Target::from(url));
        self
    }

    /// Opens the system door as well, from a configuration of the driver's.
    pub fn system_config(mut self, config: Config) -> Self {
        self.system = Some(Target::Config(Box::new(config)));
        self
    }

    /// The most connections that are open at a time across tenants. Default: 2. Zero is refused.
    pub fn system_max_size(mut self, connections: usize) -> Self {
        self.system_max_size = connections;
        self
    }

    /// Checks what was set, connects once for each role and has the guard look at the role.
    ///
    /// Waits for a server that is not taking connections yet, for [`wait_timeout`](Self::wait_timeout).
    ///
    /// # Errors
    ///
    /// Before anything is sent ([`Error::is_usage`]): the URL does not parse or names no host, the
    /// setting is not of the form `prefix.name`, a pool of size 0, no tokio runtime.
    ///
    /// After that: no connection ([`Error::is_connection_lost`]), a server older than
    /// PostgreSQL 14, or a role that the guard refuses ([`Error::is_role_refused`]). A tenant pool
    /// refuses a role that row-level security does not bind or that can become such a one:
    /// superuser, `BYPASSRLS`, `REPLICATION`, owner of a table with policies but without `FORCE`,
    /// `CREATEROLE` before PostgreSQL 16, access to the server's files; and a role or database that
    /// presets the tenant setting. The system pool refuses a superuser and a role without `BYPASSRLS`.
    pub async fn build(self) -> Result<TenantPool> {
        let pool = self.build_lazy()?;
        let Shared { tenants, system, setting, tenant_type } = &*pool.0;
        tenants.open().await?;
        if let Some(system) = system {
            system.open().await?;
        }
        let (setting, strategy, statements) =
            (setting.name(), tenants.strategy(), tenants.guard().statements());
        let (role, max_size) =
            (tenants.guard().role().unwrap_or_default(), tenants.options().limits.max_size);
        info!(role, %setting, %tenant_type, ?strategy, ?statements, max_size, "tenant pool is open");
        Ok(pool)
    }

    /// The same without a connection: sends nothing, so that a service can start before its server does.
    ///
    /// The first connection is opened for the first statement, which hears what [`build`](Self::build) would
    /// have said of server and role. Nobody gets a connection before the guard has looked at it.
    ///
    /// # Errors
    ///
    /// What [`build`](Self::build) says before anything is sent ([`Error::is_usage`]).
    pub fn build_lazy(self) -> Result<TenantPool> {
        let setting = SettingName::new(&self.setting)?;
        if self.options.limits.max_size == 0 || self.system_max_size == 0 {
            return Err(Error::config("a pool of size 0 can serve nobody; set max_size to 1 or more"));
        }
        let config = self.config.config()?;
        let system = self.system.map(Target::config).transpose()?;

        let options = self.options;
        let mut system_options = options.clone();
        system_options.limits.max_size = self.system_max_size;
        let tenants = Core::new(config, self.connector.clone(), options, &setting, Purpose::Tenants)?;
        let system = system
            .map(|config| Core::new(config, self.connector, system_options, &setting, Purpose::System))
            .transpose()?;
        let setting = TenantSetting::new(setting);
        Ok(TenantPool(Arc::new(Shared { tenants, system, setting, tenant_type: self.tenant_type })))
    }
}
