//! How a pool is set up.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, Socket};
use tracing::info;

use super::binding::TenantSetting;
use super::core::{Core, Options};
use super::guard::{self, Purpose};
use super::retry::Retry;
use super::strategy::Strategy;
use super::{Shared, TenantPool, version};
use crate::error::{Error, Kind, Result};
use crate::ident::SettingName;
use crate::tenant::{Limits, TenantType};
use crate::wire::{Connector, StatementMode, keep_alive};

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
        let mut config = self.given()?;
        keep_alive(&mut config);
        Ok(config)
    }

    fn given(self) -> Result<Config> {
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
                max_size: 16,
                wait_timeout: Duration::from_secs(10),
                connect_timeout: Duration::from_secs(5),
                drain_timeout: Duration::from_millis(200),
                strategy: None,
                statements: StatementMode::default(),
                retry: Retry::default(),
                limits: Limits::default(),
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

    /// The most connections that are open at a time for tenants. Default: 16. Zero is refused.
    ///
    /// Connections open when they are needed and stay open.
    pub fn max_size(mut self, connections: usize) -> Self {
        self.options.max_size = connections;
        self
    }

    /// How long a caller waits for a connection while all are in use. Default: 10 s. Zero does not wait.
    pub fn wait_timeout(mut self, limit: Duration) -> Self {
        self.options.wait_timeout = limit;
        self
    }

    /// How long opening a connection may take, over all hosts of the URL. Default: 5 s.
    ///
    /// The URL's own `connect_timeout` counts for each host. A connection that falls silent once it is open is ended by TCP:
    /// unless the URL or configuration says otherwise, with `keepalives_idle` 30 s, `keepalives_interval` 10 s,
    /// `keepalives_retries` 3 and, on Linux, `tcp_user_timeout` 30 s. (The driver's own default for
    /// `keepalives_idle`, two hours, cannot be told from none; say 7201 s if that is meant.)
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.options.connect_timeout = limit;
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

    /// The longest that one call may take. Default: no limit. Zero means none. A [`TenantContext`](crate::TenantContext)
    /// and a [`Scope`](crate::Scope) can set another one.
    ///
    /// A call is one statement on a scope, from the wait for a connection to the answer to its commit; one statement,
    /// preparation, savepoint, commit or rollback of a transaction, the first one with the wait for a connection; and of a
    /// stream, a cursor or a COPY each row or portion that is waited for. What a caller does between two calls does not
    /// count, nor do the pauses of [`Scope::transact`](crate::Scope::transact).
    ///
    /// The server gets a `statement_timeout` that is an eighth shorter, by 1 s at most, unless a shorter one was set. So in
    /// the ordinary case it ends the statement itself, with SQLSTATE 57014, and the connection lives on. (It counts a
    /// stream or a COPY as one statement, from its start to its last row.) Where no answer comes in time, because the
    /// connection has gone silent for one, the call ends without it and the drain takes the connection.
    /// Either way [`Error::is_timeout`] holds. [`Error::is_in_doubt`] tells whether the work may have been committed.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.limits.call = Some(limit);
        self
    }

    /// Lets the server end any statement that runs longer, with SQLSTATE 57014 ([`Error::is_canceled`]). Resolution: one
    /// millisecond, rounded up; zero means no limit. Default: what the server says.
    ///
    /// This limit and the three below travel with each statement of a scope and each transaction, also across tenants, so
    /// that they hold behind a pooler. A [`TenantContext`](crate::TenantContext) can set others.
    pub fn statement_timeout(mut self, limit: Duration) -> Self {
        self.options.limits.statement = Some(limit);
        self
    }

    /// Lets the server end any statement that waits longer for a lock, with SQLSTATE 55P03. Resolution: one
    /// millisecond, rounded up; zero means no limit. Default: what the server says.
    pub fn lock_timeout(mut self, limit: Duration) -> Self {
        self.options.limits.lock = Some(limit);
        self
    }

    /// Lets the server end the connection of a transaction that sends nothing for longer, with SQLSTATE 25P03. A
    /// statement that is run on a scope is never idle, and does not carry it. Resolution: one
    /// millisecond, rounded up; zero means no limit. Default: what the server says.
    pub fn idle_in_transaction_session_timeout(mut self, limit: Duration) -> Self {
        self.options.limits.idle_in_transaction = Some(limit);
        self
    }

    /// Lets the server end the connection of a transaction that lasts longer, with SQLSTATE 25P04. Needs PostgreSQL 17,
    /// and [`build`](Self::build) refuses an older server. Resolution: one millisecond, rounded up; zero
    /// means no limit. Default: what the server says.
    pub fn transaction_timeout(mut self, limit: Duration) -> Self {
        self.options.limits.transaction = Some(limit);
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

    /// Whether prepared statements keep their names on the server. Default: [`StatementMode::Named`].
    pub fn statements(mut self, mode: StatementMode) -> Self {
        self.options.statements = mode;
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
    /// # Errors
    ///
    /// Before anything is sent ([`Error::is_usage`]): the URL does not parse or names no host, the
    /// setting is not of the form `prefix.name`, a pool of size 0. The same for
    /// [`transaction_timeout`](Self::transaction_timeout) on a server older than PostgreSQL 17.
    ///
    /// After that: no connection ([`Error::is_connection_lost`]), a server older than
    /// PostgreSQL 14, or a role that the guard refuses ([`Error::is_role_refused`]). A tenant pool
    /// refuses a role that row-level security does not bind or that can become such a one:
    /// superuser, `BYPASSRLS`, `REPLICATION`, owner of a table with policies but without `FORCE`,
    /// `CREATEROLE` before PostgreSQL 16, access to the server's files; and a role or database that
    /// presets the tenant setting. The system pool refuses a superuser and a role without `BYPASSRLS`.
    pub async fn build(self) -> Result<TenantPool> {
        let setting = SettingName::new(&self.setting)?;
        if self.options.max_size == 0 || self.system_max_size == 0 {
            return Err(Error::config("a pool of size 0 can serve nobody; set max_size to 1 or more"));
        }
        let config = self.config.config()?;
        let system = self.system.map(Target::config).transpose()?;

        let tenants = Core::new(config, self.connector.clone(), self.options.clone())?;
        let role = guard::check(&tenants, &setting, Purpose::Tenants).await?;
        version::suits(&tenants).await?;
        let system = match system {
            None => None,
            Some(config) => {
                let options = Options { max_size: self.system_max_size, ..self.options.clone() };
                let core = Core::new(config, self.connector, options)?;
                guard::check(&core, &setting, Purpose::System).await?;
                version::suits(&core).await?;
                Some(core)
            }
        };
        let strategy = tenants.strategy();
        let max_size = self.options.max_size;
        info!(role, %setting, tenant_type = %self.tenant_type, ?strategy, max_size, "tenant pool is open");
        let setting = TenantSetting::new(setting, self.options.limits);
        Ok(TenantPool(Arc::new(Shared { tenants, system, setting, tenant_type: self.tenant_type })))
    }
}
