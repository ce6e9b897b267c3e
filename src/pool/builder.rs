//! How a pool is set up.

mod connecting;
mod given;
mod observing;
mod replicas;
mod sealing;
mod sharing;
mod system;

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Config;
use tracing::info;

pub(super) use self::given::Given;
use self::given::Providers;
use self::replicas::Servers;
use super::access::Record;
use super::binding::TenantSetting;
use super::bounds::Bounds;
use super::core::{Core, Options};
use super::fairness::Fairness;
use super::guard::Purpose;
use super::observe::Observing;
use super::probe::Probe;
use super::retry::Retry;
use super::seal::SealOptions;
use super::sharing::SharingRules;
use super::strategy::Strategy;
use super::{Shared, TenantPool, version};
use crate::error::{Error, Result};
use crate::ident::SettingName;
use crate::tenant::{Limits, TenantType};
use crate::wire::{Connector, StatementMode};

/// How many connections the system pool has unless told otherwise.
const SYSTEM_MAX_SIZE: usize = 2;

/// Sets up a [`TenantPool`]. Nothing is sent before [`build`](Self::build).
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct TenantPoolBuilder {
    config: Given,
    system: Option<Given>,
    setting: String,
    tenant_type: TenantType,
    connector: Connector,
    credentials: Providers,
    options: Options,
    system_max_size: usize,
    /// The table in which accesses across tenants are recorded.
    record: Option<String>,
    replicas: Servers,
    seal: SealOptions,
}

impl TenantPoolBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self::with_target(Given::from(url))
    }

    pub(super) fn from_config(config: Config) -> Self {
        Self::with_target(Given::Config(Box::new(config)))
    }

    pub(super) fn with_target(config: Given) -> Self {
        Self {
            config,
            system: None,
            setting: "app.tenant_id".to_owned(),
            tenant_type: TenantType::default(),
            connector: Connector::default(),
            credentials: Providers::default(),
            options: Options {
                bounds: Bounds {
                    max_size: 16,
                    min_idle: 0,
                    wait_timeout: Duration::from_secs(10),
                    waits_for_server: true,
                    connect_timeout: Duration::from_secs(5),
                    max_lifetime: Some(Duration::from_mins(30)),
                    idle_timeout: Some(Duration::from_mins(10)),
                    check_idle_after: Duration::from_millis(500),
                    recheck_role_after: Duration::from_secs(30),
                },
                drain_timeout: Duration::from_millis(200),
                strategy: None,
                statements: None,
                statement_cache_size: 256,
                retry: Retry::default(),
                limits: Limits::default(),
                sharing: SharingRules::default(),
                observing: Observing::default(),
                fairness: None,
                hook: None,
                record: None,
                sealing: None,
            },
            system_max_size: SYSTEM_MAX_SIZE,
            record: None,
            replicas: Servers::default(),
            seal: SealOptions::default(),
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
        self.options.bounds.max_size = connections;
        self
    }

    /// How many connections are kept idle once the pool is open, so that nobody waits for one to be opened.
    /// Default: 0. As many as `max_size` leaves room for; looked after once a second.
    pub fn min_idle(mut self, connections: usize) -> Self {
        self.options.bounds.min_idle = connections;
        self
    }

    /// How long a caller waits for a connection while all are in use. Default: 10 s. Zero does not wait.
    ///
    /// Within this time a caller also waits for a server that takes no connections at the moment: one that
    /// nobody listens for, that starts or stops (SQLSTATE 57P03), or that is full (53300). The error is that of
    /// the last attempt then. Where a connection is being opened for the caller, `connect_timeout` counts.
    pub fn wait_timeout(mut self, limit: Duration) -> Self {
        self.options.bounds.wait_timeout = limit;
        self
    }

    /// How long opening a connection may take, over all hosts of the URL. Default: 5 s.
    ///
    /// The URL's own `connect_timeout` counts for each host. The guard's look at the role has 30 s of its own.
    ///
    /// A connection that falls silent once it is open is ended by TCP: unless the URL or configuration says otherwise, with
    /// `keepalives_idle` 30 s, `keepalives_interval` 10 s, `keepalives_retries` 3 and, on Linux, `tcp_user_timeout` 30 s.
    /// (The driver's own default for `keepalives_idle`, two hours, cannot be told from none; say 7201 s if that is meant.)
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.options.bounds.connect_timeout = limit;
        self
    }

    /// How long a connection is used before another is opened in its place. Default: 30 minutes; `None`: for ever.
    ///
    /// Each has up to a tenth less, at random, so that not all are closed together. A unit of work that is under
    /// way is not interrupted.
    pub fn max_lifetime(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options.bounds.max_lifetime = limit.into();
        self
    }

    /// How long a connection may be idle before it is closed, unless [`min_idle`](Self::min_idle) keeps it.
    /// Default: 10 minutes; `None`: for ever.
    pub fn idle_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options.bounds.idle_timeout = limit.into();
        self
    }

    /// A connection that was idle for longer is asked whether it is still there before it is used: one
    /// empty Sync, for 1 s at most. Default: 500 ms.
    ///
    /// Where it does not answer, those that were idle as long are closed with it and others are opened, so
    /// that a load balancer or firewall that forgot them costs no error. The connection that was used last is
    /// used next.
    pub fn check_idle_after(mut self, limit: Duration) -> Self {
        self.options.bounds.check_idle_after = limit;
        self
    }

    /// How often the guard looks again at the role of a pool that is in use. Default: 30 s.
    ///
    /// It looks at every new connection, and in the background at one that has just been used. A role that
    /// must not be used any more is logged at ERROR, all connections are closed, and callers hear of it as from
    /// [`build`](Self::build), until the role is mended.
    pub fn recheck_role_after(mut self, limit: Duration) -> Self {
        self.options.bounds.recheck_role_after = limit;
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

    /// Whether prepared statements keep their names on the server. Default: [`StatementMode::Named`], or
    /// [`StatementMode::Unnamed`] behind a pooler that does not keep names apart, such as PgBouncer before 1.21
    /// or without `max_prepared_statements`; the first connection finds out.
    pub fn statements(mut self, mode: StatementMode) -> Self {
        self.options.statements = Some(mode);
        self
    }

    /// How many prepared statements each connection keeps, those that were used last. Default: 256. Zero
    /// keeps none, so that each use of a text prepares it again, a flight more.
    ///
    /// The server keeps a plan for each of them, for each connection: some 20 kB for a statement over a few tables.
    pub fn statement_cache_size(mut self, statements: usize) -> Self {
        self.options.statement_cache_size = statements;
        self
    }

    /// Checks what was set, connects once for each role and has the guard look at the role.
    ///
    /// Waits for a server that is not taking connections yet, for [`wait_timeout`](Self::wait_timeout).
    ///
    /// # Errors
    ///
    /// Before anything is sent ([`Error::is_usage`]): the URL does not parse, names no host or has an
    /// option that is not known, the setting is not of the form `prefix.name`, a pool of size 0, no tokio runtime. The
    /// same for [`transaction_timeout`](Self::transaction_timeout) on a server older than PostgreSQL 17.
    ///
    /// After that: no connection ([`Error::is_connection_lost`]), a server older than
    /// PostgreSQL 14, or a role that the guard refuses ([`Error::is_role_refused`]). A tenant pool
    /// refuses a role that row-level security does not bind or that can become such a one:
    /// superuser, `BYPASSRLS`, `REPLICATION`, owner of a table with policies but without `FORCE`,
    /// `CREATEROLE` before PostgreSQL 16, access to the server's files; and a role or database that
    /// presets the tenant setting. The system pool refuses a superuser and a role without `BYPASSRLS`. A replica that cannot be
    /// reached is no error, see [`replica_url`](Self::replica_url).
    pub async fn build(self) -> Result<TenantPool> {
        let pool = self.build_lazy()?;
        let Shared { tenants, system, setting, tenant_type, .. } = &*pool.0;
        tenants.open().await?;
        version::suits(tenants).await?;
        if let Some(system) = system {
            system.open().await?;
            version::suits(system).await?;
            if let Some(record) = &system.options().record {
                record.suits(system).await?;
            }
        }
        replicas::open(&pool).await?;
        let (setting, strategy, statements) =
            (setting.name(), tenants.strategy(), tenants.guard().statements());
        let (role, max_size) =
            (tenants.guard().role().unwrap_or_default(), tenants.options().bounds.max_size);
        let SharingRules { sharing, depth, width } = tenants.options().sharing;
        info!(
            role, %setting, %tenant_type, ?strategy, ?statements, max_size, ?sharing, sharing_depth = depth, sharing_width = width.min(max_size),
            "tenant pool is open"
        );
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
        if self.options.bounds.max_size == 0 || self.system_max_size == 0 {
            return Err(Error::config("a pool of size 0 can serve nobody; set max_size to 1 or more"));
        }
        self.options.sharing.check()?;
        #[cfg(feature = "metrics")]
        self.options.observing.check()?;
        self.options.fairness.as_ref().map_or(Ok(()), Fairness::check)?;
        let Providers { tenants, system } = self.credentials;
        if system.is_some() && self.system.is_none() {
            return Err(Error::config("system_credentials without a system role; name it with system_url"));
        }
        if self.record.is_some() && self.system.is_none() {
            return Err(Error::config(
                "record_system_access without a system role; name it with system_url or SYSTEM_DATABASE_URL",
            ));
        }
        let target = self.config.target(&self.connector, tenants.clone())?;
        let targets = self.replicas.targets(&self.connector, tenants.as_ref())?;
        let system = self.system.map(|given| given.target(&self.connector, system)).transpose()?;

        let (mut options, limits) = (self.options.clone(), self.options.limits);
        let mut system_options = options.clone();
        options.sealing = self.seal.sealing(&setting, self.tenant_type)?;
        system_options.bounds.max_size = self.system_max_size;
        system_options.sharing = SharingRules::NEVER;
        system_options.fairness = None;
        system_options.record = self.record.as_deref().map(Record::new).transpose()?;
        let (replicas, member) = self.replicas.cores(targets, &options, &setting)?;
        let tenants = Core::new(target, options, &setting, Purpose::Tenants, member)?;
        let system = system
            .map(|target| Core::new(target, system_options, &setting, Purpose::System, None))
            .transpose()?;
        let setting = TenantSetting::new(setting, limits);
        let tenant_type = self.tenant_type;
        if let Some(replicas) = &replicas {
            replicas.watch(&tenants);
        }
        let probe = Probe::default();
        Ok(TenantPool(Arc::new(Shared { tenants, replicas, system, setting, tenant_type, probe })))
    }
}
