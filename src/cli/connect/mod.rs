//! Connects to the database as psql does: the same words, variables and files lead to the same server.

mod access;
mod gather;
mod options;
mod place;
mod reason;

use std::ffi::OsString;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::access::{Access, Door, Target};
pub(super) use self::options::Options;
use self::place::Host;
use self::reason::{Refused, Trouble};
use super::failure::Failure;
use super::output::Terminal;
use super::output::style::took;
use crate::conninfo::{SslMode, tls};
use crate::error::Error;
use crate::policy::manifest::Manifest;
use crate::prove::guard;
use crate::seal::SealKey;

/// How long the goodbye to the server may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// How long it is until a server that is not there is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// A session with the server.
pub(super) struct Session {
    pub(super) client: Client,
    name: String,
    connection: JoinHandle<()>,
    way: Way,
}

/// Why a server that is there does not let a role in.
pub(super) struct Barred(pub(super) Failure);

/// The way by which a session has been opened, for further ones.
#[derive(Clone)]
pub(super) struct Way {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Way {
    /// Opens another session with the same server.
    pub(super) async fn open(&self) -> Result<Client, tokio_postgres::Error> {
        Ok(self.connect().await?.0)
    }

    /// The role that logs in by it.
    pub(super) fn user(&self) -> &str {
        self.config.get_user().unwrap_or_default()
    }

    /// The database that it leads to.
    pub(super) fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }

    /// The way to another database of the same server.
    pub(super) fn to_database(&self, name: &str) -> Self {
        let mut way = self.clone();
        way.config.dbname(name);
        way
    }

    /// The same for libpq's programs, by its variables: a password is in no list of processes so.
    pub(super) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let config = &self.config;
        let mut variables: Vec<(&'static str, OsString)> = Vec::new();
        let mut add = |name, value: OsString| variables.push((name, value));
        match config.get_hosts().first() {
            Some(tokio_postgres::config::Host::Tcp(host)) => add("PGHOST", host.into()),
            #[cfg(unix)]
            Some(tokio_postgres::config::Host::Unix(folder)) => add("PGHOST", folder.into()),
            None => {}
        }
        if let Some(address) = config.get_hostaddrs().first() {
            add("PGHOSTADDR", address.to_string().into());
        }
        if let Some(port) = config.get_ports().first() {
            add("PGPORT", port.to_string().into());
        }
        add("PGUSER", self.user().into());
        add("PGDATABASE", self.database().into());
        if let Some(password) = config.get_password() {
            add("PGPASSWORD", String::from_utf8_lossy(password).into_owned().into());
        }
        let mode = match config.get_ssl_mode() {
            tokio_postgres::config::SslMode::Disable => "disable",
            tokio_postgres::config::SslMode::Prefer => "prefer",
            _ => "require",
        };
        add("PGSSLMODE", mode.into());
        variables
    }

    /// What the guard of a pool says of that role.
    pub(super) async fn guard(
        &self,
        manifest: &Manifest,
        key: Option<&SealKey>,
    ) -> Result<crate::error::Result<()>, Error> {
        match &self.tls {
            Some(tls) => guard(manifest, self.config.clone(), tls.clone(), key).await,
            None => guard(manifest, self.config.clone(), NoTls, key).await,
        }
    }

    async fn connect(&self) -> Result<Connected, tokio_postgres::Error> {
        match &self.tls {
            Some(tls) => connect(&self.config, tls.clone()).await,
            None => connect(&self.config, NoTls).await,
        }
    }
}

impl Session {
    /// Opens a session with the first server that takes it.
    pub(super) async fn open(options: &Options, terminal: Terminal) -> Result<Self, Failure> {
        Self::ask(options, terminal).await?.map_err(|barred| barred.0)
    }

    /// The same, where it is worth knowing that a server is there and does not let this role in.
    pub(super) async fn ask(options: &Options, terminal: Terminal) -> Result<Result<Self, Barred>, Failure> {
        let environment = gather::of_process()?;
        let url = options.database_url.as_deref();
        let settings = match options.named_by {
            Some(called) => gather::gather_by(called, url, &environment)?,
            None => gather::gather(url, &environment)?,
        };
        let settings = match options.password()? {
            Some(password) => settings.with_password(password),
            None => settings,
        };
        let access = Access::of(&settings, &environment, Path::exists, options.named_by)?;
        for warning in &access.warnings {
            terminal.warn(warning);
        }
        let over_tcp = |door: &Door| matches!(door.place.host, Host::Name(..));
        let tls = if access.mode != SslMode::Disable && access.doors.iter().any(over_tcp) {
            Some(tls::connector(access.mode, &settings, &environment)?)
        } else {
            None
        };
        let dial = Dial { access, tls };
        match options.wait_for_server {
            Some(limit) => dial.patiently(limit, terminal).await,
            None => match dial.any().await {
                Ok(session) => Ok(Ok(session)),
                Err(refused) => dial.told(&refused).map(Err),
            },
        }
    }

    /// The way by which it was opened.
    pub(super) fn way(&self) -> &Way {
        &self.way
    }

    /// What it is called, such as `erp as me at localhost:5432`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its client, and the way to open more of its kind.
    pub(super) fn into_client(self) -> (Client, Way) {
        (self.client, self.way)
    }

    /// Takes leave, so that the server has no lost connection to log, and says which one it was:
    /// `erp as me at localhost:5432`.
    pub(super) async fn close(self) -> String {
        drop(self.client);
        let _ = timeout(GOODBYE, self.connection).await;
        self.name
    }
}

/// Does work that waits, to its end.
pub(super) fn wait<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::usage("the runtime does not start").cause(error.to_string()))?;
    let done = runtime.block_on(async {
        // The process with the number 1, as in a container, is ended by no signal that it does not listen to. This
        // is polled first, so that the signal is waited for before the work begins.
        let terminated = pin!(terminated());
        match select(terminated, pin!(work)).await {
            Either::Left(((), _)) => Err(Failure::terminated()),
            Either::Right((done, _)) => done,
        }
    });
    // The lookup of a name may still be under way, and nobody waits for it any more.
    runtime.shutdown_background();
    done
}

/// Ends once the process has been asked to end.
async fn terminated() {
    #[cfg(unix)]
    if let Ok(mut asked) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        asked.recv().await;
        return;
    }
    std::future::pending::<()>().await;
}

struct Dial {
    access: Access,
    tls: Option<MakeRustlsConnect>,
}

/// Whether the driver asks for TLS.
type Encryption = tokio_postgres::config::SslMode;

impl Dial {
    /// Tries again and again while the server may yet come.
    async fn patiently(
        &self,
        limit: Duration,
        terminal: Terminal,
    ) -> Result<Result<Session, Barred>, Failure> {
        let until = Instant::now() + limit;
        let mut last: Option<Failure> = None;
        loop {
            // A server that does not answer at all must not use up more than there is.
            let Ok(tried) = timeout_at(until, self.any()).await else {
                let late = || Failure::database(format!("no server answered within {}", took(limit)));
                return Err(last.unwrap_or_else(late));
            };
            let refused = match tried {
                Ok(session) => return Ok(Ok(session)),
                Err(refused) => refused,
            };
            let failure = match self.told(&refused) {
                Ok(barred) => return Ok(Err(barred)),
                Err(failure) => failure,
            };
            if !refused.may_pass() || Instant::now() + PAUSE >= until {
                return Err(failure);
            }
            if last.is_none() {
                terminal.warn(&format!("{}; waiting up to {} for the server", failure.line, took(limit)));
            }
            last = Some(failure);
            sleep(PAUSE).await;
        }
    }

    /// What to tell of a refusal, by whether it is the role that is refused.
    fn told(&self, refused: &Refused<'_>) -> Result<Barred, Failure> {
        let failure = refused.failure(&self.access);
        if refused.is_of_the_role() { Ok(Barred(failure)) } else { Err(failure) }
    }

    async fn any(&self) -> Result<Session, Refused<'_>> {
        let mut troubles = Vec::new();
        // A standby is preferred by asking all for one first.
        let rounds = match self.access.target {
            Target::PreferStandby => vec![Target::Standby, Target::Any],
            target => vec![target],
        };
        for target in rounds {
            for door in &self.access.doors {
                match self.door(door, target).await {
                    Ok(session) => return Ok(session),
                    Err(trouble) => {
                        let ends = trouble.ends_the_search();
                        troubles.push((door, trouble));
                        if ends {
                            return Err(Refused(troubles));
                        }
                    }
                }
            }
        }
        Err(Refused(troubles))
    }

    async fn door(&self, door: &Door, target: Target) -> Result<Session, Trouble> {
        let ways: &[Encryption] = match (self.access.mode, &door.place.host) {
            // Through a socket nobody else listens.
            (SslMode::Disable, _) | (_, Host::Socket(_)) => &[Encryption::Disable],
            (SslMode::Allow, _) => &[Encryption::Disable, Encryption::Require],
            (SslMode::Prefer, _) => &[Encryption::Prefer, Encryption::Disable],
            (SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull, _) => &[Encryption::Require],
        };
        let mut first = None;
        for way in ways {
            let knock = self.knock(door, *way, target);
            let session = match self.access.timeout {
                Some(limit) => timeout(limit, knock).await.unwrap_or(Err(Trouble::Late(limit))),
                None => knock.await,
            };
            match session {
                Err(trouble) if trouble.may_be_of_the_encryption() => {
                    first.get_or_insert(trouble);
                }
                // What the second way meets says more than that the first one is barred.
                session => return session,
            }
        }
        Err(first.unwrap_or(Trouble::Unsuited("there is no way to it")))
    }

    async fn knock(&self, door: &Door, way: Encryption, target: Target) -> Result<Session, Trouble> {
        let mut config = self.access.config(door);
        config.ssl_mode(way);
        let tls = self.tls.clone().filter(|_| way != Encryption::Disable);
        let way = Way { config, tls };
        let (client, connection) = way.connect().await?;
        suits(&client, target).await?;
        let Access { database, user, .. } = &self.access;
        let name = format!("{database} as {user} at {}", door.place);
        Ok(Session { client, name, connection, way })
    }
}

type Connected = (Client, JoinHandle<()>);

async fn connect<T>(config: &Config, tls: T) -> Result<Connected, tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect(tls).await?;
    let task = tokio::spawn(async move {
        // Whoever waits for an answer learns that the connection is gone, and why it went is not known better here.
        let _ = connection.await;
    });
    Ok((client, task))
}

/// Whether the server is one of those that are asked for.
async fn suits(client: &Client, target: Target) -> Result<(), Trouble> {
    if target == Target::Any {
        return Ok(());
    }
    let answer = client.simple_query(include_str!("../../../sql/cli/session.sql")).await?;
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let is = |column: &str| row.and_then(|row| row.get(column)) == Some("t");
    let (standby, read_only) = (is("standby"), is("read_only"));
    match target {
        Target::ReadWrite if read_only => Err(Trouble::Unsuited("its sessions are read-only")),
        Target::ReadOnly if !read_only => Err(Trouble::Unsuited("its sessions are not read-only")),
        Target::Primary if standby => Err(Trouble::Unsuited("it is a standby")),
        Target::Standby if !standby => Err(Trouble::Unsuited("it is no standby")),
        _ => Ok(()),
    }
}
