//! The ways on which a pool reaches its server in the tests.

use std::net::SocketAddr;

use tenantry::{Config, Sharing, StatementMode, Strategy, TenantPool, TenantPoolBuilder};
use tokio_postgres::config::{ChannelBinding, SslMode};

use super::erp::{APP, Erp, PASSWORD, SYSTEM};
use super::pgbouncer::PgBouncer;
use super::tls::{self, Rustls};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Plain TCP.
    Direct,
    /// TCP with TLS, the server's certificate verified and SCRAM bound to the channel.
    Tls,
    /// The server's Unix socket.
    Unix,
    /// PgBouncer in transaction mode, with statements that have no names.
    PgBouncer,
    /// PgBouncer in transaction mode, which keeps the names of statements apart.
    PgBouncerNamed,
}

pub const ROUTES: [Route; 4] = [Route::Direct, Route::Tls, Route::Unix, Route::PgBouncer];

/// A route, and what the pool sends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    pub route: Route,
    pub strategy: Strategy,
    pub sharing: Sharing,
}

/// A database and the way to it.
pub struct Road {
    pub erp: Erp,
    pub way: Way,
    pub pgbouncer: Option<PgBouncer>,
    /// The folder of the server's Unix socket, on the route that goes through it.
    socket: Option<String>,
}

impl Way {
    pub const fn new(route: Route, strategy: Strategy) -> Self {
        Self { route, strategy, sharing: Sharing::Reads }
    }

    /// The same with all statements sharing that can.
    pub const fn shared(self) -> Self {
        Self { sharing: Sharing::Always, ..self }
    }

    /// Makes a database that is reached on this way.
    pub async fn open(self) -> Road {
        let erp = match self.route {
            Route::Direct | Route::PgBouncer | Route::PgBouncerNamed => Erp::new().await,
            Route::Tls | Route::Unix => Erp::beside(tls::server().await).await,
        };
        self.to(erp).await
    }

    /// The way to a database that is there already.
    pub async fn to(self, erp: Erp) -> Road {
        let mut road = Road { erp, way: self, pgbouncer: None, socket: None };
        match self.route {
            Route::Direct | Route::Tls => {}
            Route::Unix => {
                let folders = "show unix_socket_directories";
                let folder: String = road.erp.admin().await.query_one(folders, &[]).await.unwrap().get(0);
                assert!(!folder.is_empty(), "the server has no Unix socket; set TMPDIR to a shorter path");
                road.socket = Some(folder);
            }
            Route::PgBouncer => road.pgbouncer = Some(PgBouncer::start(road.erp.address()).await),
            Route::PgBouncerNamed => {
                road.pgbouncer = Some(PgBouncer::start_named(road.erp.address()).await);
            }
        }
        road
    }
}

impl Road {
    /// A pool for both roles.
    pub fn builder(&self) -> TenantPoolBuilder {
        self.set_up(self.config(APP)).system_config(self.config(SYSTEM))
    }

    /// A pool for the app role, to a proxy on this machine that stands where the server does, or PgBouncer.
    pub fn builder_through(&self, port: u16) -> TenantPoolBuilder {
        let mut config = self.login(APP);
        config.host("127.0.0.1").port(port);
        self.set_up(config)
    }

    /// Where such a proxy connects to.
    pub fn address(&self) -> SocketAddr {
        self.pgbouncer.as_ref().map_or_else(|| self.erp.address(), PgBouncer::address)
    }

    /// The whole way for a role.
    pub fn config(&self, role: &str) -> Config {
        let mut config = self.login(role);
        config.port(self.address().port());
        match self.way.route {
            Route::Unix => config.host_path(self.socket.as_ref().expect("its server has one")),
            Route::Tls => config.host("localhost").channel_binding(ChannelBinding::Require),
            Route::Direct | Route::PgBouncer | Route::PgBouncerNamed => config.host("127.0.0.1"),
        };
        config
    }

    /// Who a role is, but not where to.
    pub fn login(&self, role: &str) -> Config {
        let mut config = Config::new();
        config.dbname(self.erp.database.name()).user(role).password(PASSWORD);
        if self.way.route == Route::Tls {
            config.ssl_mode(SslMode::Require);
        }
        config
    }

    fn set_up(&self, config: Config) -> TenantPoolBuilder {
        let builder =
            TenantPool::builder_from_config(config).strategy(self.way.strategy).sharing(self.way.sharing);
        match self.way.route {
            Route::Tls => builder.tls(Rustls::new()),
            Route::PgBouncer => builder.statements(StatementMode::Unnamed),
            Route::Direct | Route::Unix | Route::PgBouncerNamed => builder,
        }
    }
}
