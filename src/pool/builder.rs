//! How a pool is set up.

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
use super::{Shared, TenantPool, url};
use crate::error::{Error, Result};
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
    /// Reads a URL, which can ask something of the connector too.
    fn read(self, connector: &Connector) -> Result<(Config, Connector)> {
        match self {
            Self::Url(Secret(url)) => url::read(&url, connector),
            Self::Config(config) => Ok((*config, connector.clone())),
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
    /// The URL's own `connect_timeout` counts for each host.
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
    /// URL says `sslmode=require` or more.
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
    /// Before anything is sent ([`Error::is_usage`]): the URL does not parse, names no host or has an
    /// option that is not known, the setting is not of the form `prefix.name`, a pool of size 0.
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
        let (config, connector) = self.config.read(&self.connector)?;
        let system = self.system.map(|system| system.read(&self.connector)).transpose()?;

        let tenants = Core::new(config, connector, self.options.clone())?;
        let role = guard::check(&tenants, &setting, Purpose::Tenants).await?;
        let system = match system {
            None => None,
            Some((config, connector)) => {
                let options = Options { max_size: self.system_max_size, ..self.options.clone() };
                let core = Core::new(config, connector, options)?;
                guard::check(&core, &setting, Purpose::System).await?;
                Some(core)
            }
        };
        let strategy = tenants.strategy();
        let max_size = self.options.max_size;
        info!(role, %setting, tenant_type = %self.tenant_type, ?strategy, max_size, "tenant pool is open");
        let setting = TenantSetting::new(setting);
        Ok(TenantPool(Arc::new(Shared { tenants, system, setting, tenant_type: self.tenant_type })))
    }
}
