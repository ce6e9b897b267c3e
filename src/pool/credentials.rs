//! Who says with which password a connection logs in.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::error::{Error, Kind, Result};
use crate::secret;

/// The errors of providers.
type BoxError = Box<dyn StdError + Send + Sync>;

/// What a [`CredentialProvider`] answers, in the end.
pub type CredentialFuture<'a> = Pin<Box<dyn Future<Output = Result<Credentials, BoxError>> + Send + 'a>>;

/// A password and, if it belongs to another user than the URL's, that user.
///
/// `Debug` does not show the password.
///
/// ```
/// use tenantry::Credentials;
///
/// let credentials = Credentials::new("a token").user("erp_app_blue");
/// assert!(!format!("{credentials:?}").contains("token"));
/// ```
#[derive(Clone)]
pub struct Credentials {
    user: Option<String>,
    password: String,
}

impl Credentials {
    /// A password of the user that the URL names.
    pub fn new(password: impl Into<String>) -> Self {
        Self { user: None, password: password.into() }
    }

    /// The user that the password belongs to. Default: the URL's.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// The connection for which a [`CredentialProvider`] is asked.
#[derive(Clone, Debug)]
pub struct CredentialRequest {
    hosts: Vec<(String, u16)>,
    user: Option<String>,
    database: Option<String>,
    is_repeated: bool,
}

impl CredentialRequest {
    fn new(config: &Config) -> Self {
        let (names, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
        let host = |at: usize| {
            let name = match names.get(at) {
                Some(Host::Tcp(name)) => name.clone(),
                #[cfg(unix)]
                Some(Host::Unix(folder)) => folder.display().to_string(),
                None => addresses.get(at).map(ToString::to_string).unwrap_or_default(),
            };
            (name, ports.get(at).or(ports.first()).copied().unwrap_or(5432))
        };
        Self {
            hosts: (0..names.len().max(addresses.len())).map(host).collect(),
            user: config.get_user().map(str::to_owned),
            database: config.get_dbname().map(str::to_owned),
            is_repeated: false,
        }
    }

    /// The hosts of the URL with their ports, in its order. The folder of a Unix socket is one too. The same credentials
    /// are used for all of them.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, u16)> {
        self.hosts.iter().map(|(host, port)| (host.as_str(), *port))
    }

    /// The user that the URL names.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The database that the URL names. Default: the one that is called like the user.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// Whether the server has just refused the provider's last answer for this connection (SQLSTATE 28P01 or 28000): a
    /// provider that keeps its answers should get a new one now.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        self.is_repeated
    }
}

/// Says with which password a connection logs in: a token that lives for minutes, or a secret that is rotated.
///
/// Every async function or closure from a [`CredentialRequest`] to a result with [`Credentials`] is one. It is asked for each new
/// connection, within [`connect_timeout`](crate::TenantPoolBuilder::connect_timeout), and once more if the server refuses what it has
/// answered, which may have been rotated meanwhile. Answers are not kept; a provider whose answers cost something can keep its own.
pub trait CredentialProvider: Send + Sync + 'static {
    /// The credentials for a new connection.
    ///
    /// # Errors
    ///
    /// Whatever the provider reports. The pool's error does not quote it, since it may hold a secret, and has it as its
    /// [`source`](std::error::Error::source).
    fn credentials(&self, request: CredentialRequest) -> CredentialFuture<'_>;
}

impl<F, A, E> CredentialProvider for F
where
    F: Fn(CredentialRequest) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Credentials, E>> + Send + 'static,
    E: Into<BoxError>,
{
    fn credentials(&self, request: CredentialRequest) -> CredentialFuture<'_> {
        let answer = self(request);
        Box::pin(async move { answer.await.map_err(Into::into) })
    }
}

/// A [`CredentialProvider`] that reads the password from a file for each new connection, as Docker and Kubernetes mount secrets.
///
/// The file holds the password and nothing else; a line break at its end is not part of it. A file that has changed, or a
/// symbolic link that leads to another file now, counts from the next connection on.
///
/// ```no_run
/// # async fn example() -> tenantry::Result<()> {
/// use tenantry::{PasswordFile, TenantPool};
///
/// let pool = TenantPool::builder("postgresql://erp_app@db/erp")
///     .credentials(PasswordFile::new("/run/secrets/erp_app_password"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PasswordFile {
    path: PathBuf,
    /// The variable that names it.
    variable: Option<String>,
}

impl PasswordFile {
    /// The file at this path. It is not opened before a connection is.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), variable: None }
    }

    /// The file that this variable names.
    pub(super) fn of(variable: String, path: PathBuf) -> Self {
        Self { path, variable: Some(variable) }
    }
}

impl CredentialProvider for PasswordFile {
    fn credentials(&self, _: CredentialRequest) -> CredentialFuture<'_> {
        let Self { path, variable } = self.clone();
        Box::pin(async move {
            let password =
                spawn_blocking(move || secret::read(&path, "the password file", variable.as_deref()))
                    .await??;
            Ok(Credentials::new(password))
        })
    }
}

/// A provider, as the pool keeps it.
#[derive(Clone)]
pub(super) struct Provider(Arc<dyn CredentialProvider>);

impl Provider {
    pub(super) fn new(provider: impl CredentialProvider) -> Self {
        Self(Arc::new(provider))
    }

    /// The configuration with which to log in. The provider has until the deadline, which is `limit` after the beginning.
    pub(super) async fn login(
        &self,
        config: &Config,
        is_repeated: bool,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Config> {
        let request = CredentialRequest { is_repeated, ..CredentialRequest::new(config) };
        let provider = Arc::clone(&self.0);
        // In a task of its own a panic is an error here. It ends with the set.
        let mut asking = JoinSet::new();
        asking.spawn(async move { provider.credentials(request).await });
        let late = || {
            failed(format!(
                "the credential provider did not answer within {limit:?}; raise connect_timeout if it may take longer"
            ))
        };
        let answer = timeout_at(deadline, asking.join_next()).await.map_err(|_| late())?;
        let Some(Ok(answer)) = answer else {
            return Err(failed("the credential provider panicked"));
        };
        let Credentials { user, password } = answer.map_err(unanswered)?;
        if password.is_empty() {
            return Err(failed("the credential provider answered with an empty password"));
        }
        if password.contains('\0') || user.as_ref().is_some_and(|user| user.is_empty() || user.contains('\0'))
        {
            return Err(failed(
                "the credential provider answered with a user or password that cannot be one",
            ));
        }
        let mut config = config.clone();
        config.password(password);
        if let Some(user) = user {
            // The database that is called like the user is that of the URL's user.
            if let (None, Some(database)) = (config.get_dbname(), config.get_user().map(str::to_owned)) {
                config.dbname(database);
            }
            config.user(user);
        }
        Ok(config)
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}

fn failed(why: impl Into<String>) -> Error {
    Kind::Credentials { why: why.into(), source: None }.into()
}

/// What a provider reports may hold a secret, unless it is this crate's own.
fn unanswered(source: BoxError) -> Error {
    let own = source.downcast_ref::<secret::Unread>().map(ToString::to_string);
    if let Some(why) = own {
        return failed(why);
    }
    let why = "the credential provider failed; the error's source says why".to_owned();
    Kind::Credentials { why, source: Some(source) }.into()
}
