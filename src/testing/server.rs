//! A PostgreSQL server for tests.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_postgres::Client;

use super::background;
use super::database::Database;
use super::error::{Result, TestError};
use super::find::{self, Source};
use super::janitor::Janitor;
use super::name;
use crate::ident::Ident;
use crate::throwaway::{Address, Cluster, Container, ThisMachine};

/// A PostgreSQL server for tests: the one that a URL names, a throwaway cluster, or a container.
///
/// A throwaway server ends, and all it wrote is removed, when this value is dropped or the process
/// ends, whichever way that happens. `Display` says which server it is and where it was found.
pub struct Server {
    id: u64,
    source: Source,
    version: String,
    address: Address,
    backing: Backing,
}

#[derive(Debug)]
enum Backing {
    Url(Arc<Janitor>),
    Local(Cluster),
    Docker(Container),
}

impl Server {
    /// A server for one test alone, which may stop it and choose its settings.
    pub fn builder() -> ServerBuilder {
        ServerBuilder { settings: Vec::new() }
    }

    /// Starts or opens what was found.
    pub(super) async fn open(
        source: Source,
        machine: &ThisMachine,
        settings: &[(String, String)],
        standby_of: Option<&Address>,
    ) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);

        let (address, backing) = match &source {
            Source::Url(url) => {
                let address = Address::parse("TENANTRY_TEST_DATABASE_URL", url)?;
                (address.clone(), Backing::Url(Janitor::hire(address).await?))
            }
            Source::Local { bin, .. } => {
                let user = machine.user.as_ref();
                let cluster = match standby_of {
                    Some(primary) => Cluster::start_standby(bin, user, settings, primary).await?,
                    None => Cluster::start_new(bin, user, settings).await?,
                };
                (cluster.address().clone(), Backing::Local(cluster))
            }
            Source::Docker { image } => {
                let (image, settings) = (image.clone(), settings.to_vec());
                let start = async move { Container::start_new("tenantry-test", &image, &settings).await };
                let container = background::run(start).await??;
                (container.address().clone(), Backing::Docker(container))
            }
        };
        let (client, _) = address.connect(&address.home).await.map_err(TestError::no_connection)?;
        let version = client
            .query_one("select current_setting('server_version')", &[])
            .await
            .map_err(|source| TestError::server("the server does not tell its version", source))?
            .get(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let server = Self { id, source, version, address, backing };
        tracing::info!(%server, "test server is ready");
        Ok(server)
    }

    /// Which server this is and where it was found, on one line without a password.
    #[must_use]
    pub fn describe(&self) -> String {
        self.to_string()
    }

    /// The URL of the maintenance database for the superuser, with the password.
    #[must_use]
    pub fn url(&self) -> String {
        self.address.url(&self.address.home)
    }

    /// The port that the server listens on. It stays the same when the server is stopped and started.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port
    }

    /// The process id of a local server's postmaster, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match &self.backing {
            Backing::Local(cluster) => cluster.pid(),
            Backing::Url(_) | Backing::Docker(_) => None,
        }
    }

    /// Connects to the maintenance database as the superuser. The connection runs as a task of the caller's runtime.
    ///
    /// # Errors
    ///
    /// The server cannot be reached.
    pub async fn connect(&self) -> Result<Client, TestError> {
        let (client, _) = self.address.connect(&self.address.home).await.map_err(TestError::no_connection)?;
        Ok(client)
    }

    /// Creates an empty database with a name that no other has.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, or does not let its superuser create a database.
    pub async fn database(&self) -> Result<Database, TestError> {
        self.create(name::next(None)?, &Ident::joined(&["template0"])).await
    }

    /// What the server has logged so far: a local server's log file, or a container's output.
    ///
    /// # Errors
    ///
    /// The log cannot be read, or the server was given by a URL.
    pub async fn log(&self) -> Result<String, TestError> {
        match &self.backing {
            Backing::Local(cluster) => Ok(cluster.log()?),
            Backing::Docker(container) => Ok(container.log().await?),
            Backing::Url(_) => {
                Err(TestError::config("the log of a server that was given by a URL is its own"))
            }
        }
    }

    /// Stops the server at once, as a crash would: connections break, and nothing is written first.
    /// Does nothing when it is stopped. The server that tests share cannot be stopped, because this
    /// takes it by `&mut`.
    ///
    /// # Errors
    ///
    /// It did not stop within 30 s, or is no local server.
    pub async fn stop(&mut self) -> Result<(), TestError> {
        Ok(self.cluster()?.stop().await?)
    }

    /// Starts the server again on the same port and data, and waits until it lets its superuser in.
    /// Does nothing when it runs.
    ///
    /// # Errors
    ///
    /// It did not start within 60 s, or is no local server.
    pub async fn start(&mut self) -> Result<(), TestError> {
        Ok(self.cluster()?.start().await?)
    }

    /// [`stop`](Self::stop), then [`start`](Self::start).
    ///
    /// # Errors
    ///
    /// Those of the two.
    pub async fn restart(&mut self) -> Result<(), TestError> {
        self.stop().await?;
        self.start().await
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    pub(super) async fn create(&self, name: Ident, template: &Ident) -> Result<Database> {
        let janitor = match &self.backing {
            Backing::Url(janitor) => Some(Arc::clone(janitor)),
            Backing::Local(_) | Backing::Docker(_) => None,
        };
        Database::create(name, template, &self.address, janitor).await
    }

    fn cluster(&mut self) -> Result<&mut Cluster> {
        match &mut self.backing {
            Backing::Local(cluster) => Ok(cluster),
            Backing::Url(_) | Backing::Docker(_) => {
                Err(TestError::config("only a local server can be stopped and started; use start_local"))
            }
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgreSQL {} at {} {}", self.version, self.address, self.source)
    }
}

/// Shows no password.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}

/// How a private server is to run.
///
/// ```no_run
/// use tenantry::testing::Server;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let mut server = Server::builder().setting("log_statement", "all").start_local().await?;
/// server.connect().await?.batch_execute("select 'seen'").await?;
/// assert!(server.log().await?.contains("select 'seen'"));
/// server.restart().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "it starts nothing by itself"]
pub struct ServerBuilder {
    settings: Vec<(String, String)>,
}

impl ServerBuilder {
    /// Sets a parameter of the server, as `postgres -c name=value` does. Of two values for one name the last counts.
    ///
    /// Defaults that differ from PostgreSQL's: `fsync`, `synchronous_commit` and `full_page_writes`
    /// are off, and `max_connections` is 300.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Starts a server from the binaries on this machine, or else in Docker, or the one of the two
    /// that `TENANTRY_TEST_SERVER` forces. A URL does not count: what is behind it is not for one test alone.
    ///
    /// # Errors
    ///
    /// None is there, or it did not start within 60 s.
    pub async fn start(self) -> Result<Server, TestError> {
        self.start_found(find::find_private).await
    }

    /// Starts a server from the binaries on this machine, which can be stopped and started again.
    ///
    /// # Errors
    ///
    /// There are none, or it did not start within 60 s.
    pub async fn start_local(self) -> Result<Server, TestError> {
        self.start_found(find::find_local).await
    }

    /// Starts a server in Docker, from the image that `TENANTRY_TEST_IMAGE` names. Default: `postgres:18`.
    ///
    /// # Errors
    ///
    /// No engine answers, the image cannot be had, or the server did not start within 60 s.
    pub async fn start_docker(self) -> Result<Server, TestError> {
        self.start_found(find::find_docker).await
    }

    /// Starts a standby of a local server, which replays what that writes, from the same binaries. It has the same superuser and
    /// password. Physical replication copies all of the server: databases that are made later, too.
    ///
    /// # Errors
    ///
    /// The other is no local server, or does not run; or the standby did not start within 60 s.
    pub async fn start_standby(self, primary: &Server) -> Result<Server, TestError> {
        if !matches!(primary.backing, Backing::Local(_)) {
            return Err(TestError::config("only a local server can have a standby; use start_local"));
        }
        let (_, machine) = search(find::find_local).await?;
        Server::open(primary.source.clone(), &machine, &self.settings, Some(&primary.address)).await
    }

    async fn start_found(self, find: fn(&ThisMachine) -> Result<Source>) -> Result<Server> {
        let (source, machine) = search(find).await?;
        Server::open(source, &machine, &self.settings, None).await
    }
}

/// Looks for a server on a thread for blocking work: programs are asked, and may take their time.
pub(super) async fn search(find: fn(&ThisMachine) -> Result<Source>) -> Result<(Source, ThisMachine)> {
    let searched = tokio::task::spawn_blocking(move || {
        let machine = ThisMachine::new()?;
        Ok((find(&machine)?, machine))
    });
    searched.await.map_err(|source| TestError::io("the search for a server failed", source.into()))?
}
