//! A throwaway cluster made by `initdb` on this machine.

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio_postgres::Error as PgError;

use super::address::Address;
use super::error::{Kind, Result, Trouble, log_tail};
use super::random;
use super::user::ServerUser;
use super::watchdog::Watchdog;

/// How long the server may take until it lets somebody in, crash recovery included.
const READY_LIMIT: Duration = Duration::from_mins(1);
/// How long `initdb` may take on a machine that is busy with other things.
const INITDB_LIMIT: Duration = Duration::from_mins(2);
/// How long an immediate shutdown may take. The server itself allows its processes 5 seconds.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// How long the watchdog may take over an answer that needs no waiting.
const REPORT_LIMIT: Duration = Duration::from_secs(20);
/// How long one attempt to log in may take.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How many ports are tried, should others take one between our look at it and the server's.
const PORT_ATTEMPTS: usize = 8;

/// The longest path of a Unix socket that every system takes, with room for the name of the socket.
const MAX_SOCKET_FOLDER_BYTES: usize = 80;

/// What every throwaway server runs with: it need not survive a power failure, and many tests share it.
pub(crate) const SETTINGS: [(&str, &str); 4] = [
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("max_connections", "300"),
];

/// The data folder, the server over it, and the watchdog that owns both.
#[derive(Debug)]
pub(crate) struct Cluster {
    watchdog: Watchdog,
    folder: PathBuf,
    address: Address,
    /// The postmaster, while it runs.
    pid: Option<u32>,
}

enum Launch {
    Ready,
    Ended,
}

impl Cluster {
    /// Makes a cluster with the binaries of a folder and starts it on a free port.
    pub(crate) async fn start_new(
        bin: &Path,
        user: Option<&ServerUser>,
        settings: &[(String, String)],
    ) -> Result<Self> {
        let mut cluster = Self::prepare(bin, user, settings, random::hex::<16>()?)?;
        // The password goes through the pipe: anybody could read it among a program's arguments.
        let order = format!("init {}", cluster.address.password);
        cluster.init(&order, "initdb failed").await?;
        cluster.start_first().await
    }

    /// Makes a standby of another cluster with the same binaries, and starts it on a free port.
    pub(crate) async fn start_standby(
        bin: &Path,
        user: Option<&ServerUser>,
        settings: &[(String, String)],
        primary: &Address,
    ) -> Result<Self> {
        let mut cluster = Self::prepare(bin, user, settings, primary.password.clone())?;
        let order = format!("copy {} {}", primary.password, primary.port);
        cluster.init(&order, "pg_basebackup failed").await?;
        cluster.start_first().await
    }

    fn prepare(
        bin: &Path,
        user: Option<&ServerUser>,
        settings: &[(String, String)],
        password: String,
    ) -> Result<Self> {
        let parent = user.map_or_else(std::env::temp_dir, ServerUser::temporary_folder);
        let folder = parent.join(format!("tenantry-{}-{}", std::process::id(), random::hex::<4>()?));
        let arguments = arguments(bin, &folder, settings);
        let watchdog = Watchdog::spawn(include_str!("local.sh"), arguments, &parent, user)?;
        let address = Address {
            host: "127.0.0.1".to_owned(),
            port: 0,
            user: "postgres".to_owned(),
            password,
            home: "postgres".to_owned(),
        };
        Ok(Self { watchdog, folder, address, pid: None })
    }

    /// Starts the server for the first time, on a free port.
    async fn start_first(mut self) -> Result<Self> {
        for _ in 0..PORT_ATTEMPTS {
            self.address.port = free_port()?;
            match self.launch().await? {
                Launch::Ready => return Ok(self),
                Launch::Ended if self.port_was_taken() => {}
                Launch::Ended => break,
            }
        }
        Err(self.died("the server did not start"))
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.pid
    }

    pub(crate) fn log(&self) -> Result<String> {
        let log = fs::read(self.folder.join("log"))
            .map_err(|source| Trouble::io("the server's log cannot be read", source))?;
        Ok(String::from_utf8_lossy(&log).into_owned())
    }

    /// Starts the server again on its port and data folder. Does nothing when it runs.
    pub(crate) async fn start(&mut self) -> Result<()> {
        while let Some(report) = self.watchdog.past_report() {
            self.note(&report);
        }
        if self.pid.is_some() {
            return Ok(());
        }
        match self.launch().await? {
            Launch::Ready => Ok(()),
            Launch::Ended => Err(self.died("the server did not start again")),
        }
    }

    /// Stops the server at once, as a crash would. Does nothing when it does not run.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        if self.pid.is_none() {
            return Ok(());
        }
        self.watchdog.order("stop")?;
        while self.pid.is_some() {
            let Some(report) = self.watchdog.report(STOP_LIMIT).await else {
                return Err(self.died("the server did not stop"));
            };
            self.note(&report);
        }
        Ok(())
    }

    /// Stops the server and removes its folder, and waits for that.
    pub(crate) async fn end(self) {
        self.watchdog.end(STOP_LIMIT).await;
    }

    async fn init(&mut self, order: &str, failed: &'static str) -> Result<()> {
        if self.watchdog.report(REPORT_LIMIT).await.as_deref() != Some("made") {
            let folder = self.folder.display();
            return Err(Trouble::config(format!(
                "folder {folder} cannot be made; set TMPDIR to a folder that the server's user can write to"
            )));
        }
        self.watchdog.order(order)?;
        match self.watchdog.report(INITDB_LIMIT).await.as_deref() {
            Some("initialized 0") => Ok(()),
            _ => Err(self.died(failed)),
        }
    }

    /// Starts the server and waits until it lets its superuser in.
    ///
    /// Another server on the same port would refuse the password, so whoever lets us in is ours.
    async fn launch(&mut self) -> Result<Launch> {
        self.watchdog.order(&format!("start {}", self.address.port))?;
        while self.pid.is_none() {
            let Some(report) = self.watchdog.report(REPORT_LIMIT).await else {
                return Err(self.died("the server did not start"));
            };
            self.note(&report);
        }
        let deadline = Instant::now() + READY_LIMIT;
        loop {
            if let Some(report) = self.watchdog.report(POLL_INTERVAL).await {
                self.note(&report);
            }
            if self.pid.is_none() {
                return Ok(Launch::Ended);
            }
            // Whoever has the port may also take a connection and say nothing.
            let attempt = tokio::time::timeout(ATTEMPT_LIMIT, self.address.connect(&self.address.home)).await;
            match attempt {
                Ok(Ok(_)) => return Ok(Launch::Ready),
                _ if Instant::now() < deadline => {}
                Ok(Err(source)) => return Err(self.not_ready(Some(source))),
                Err(_) => return Err(self.not_ready(None)),
            }
        }
    }

    fn note(&mut self, report: &str) {
        match report.split_once(' ') {
            Some(("pid", pid)) => self.pid = pid.parse().ok(),
            Some(("exited", _)) => self.pid = None,
            _ => {}
        }
    }

    fn port_was_taken(&self) -> bool {
        self.log().is_ok_and(|log| log_tail(&log).contains("Address already in use"))
    }

    fn not_ready(&self, source: Option<PgError>) -> Trouble {
        let log = log_tail(&self.log().unwrap_or_default());
        Kind::NotReady { seconds: READY_LIMIT.as_secs(), log, source }.into()
    }

    fn died(&self, what: &'static str) -> Trouble {
        Kind::Died { what, log: log_tail(&self.log().unwrap_or_default()) }.into()
    }
}

/// The watchdog's arguments: the two folders, then the server's own. What comes last wins.
fn arguments(bin: &Path, folder: &Path, settings: &[(String, String)]) -> Vec<OsString> {
    let mut arguments = vec![bin.into(), folder.into()];
    let mut set = |name: &str, value: &OsString| {
        let mut setting = OsString::from(format!("{name}="));
        setting.push(value);
        arguments.extend([OsString::from("-c"), setting]);
    };
    let bytes = folder.as_os_str().as_bytes();
    let fits = bytes.len() <= MAX_SOCKET_FOLDER_BYTES && !bytes.iter().any(|byte| b",\"' ".contains(byte));
    set("unix_socket_directories", &if fits { folder.into() } else { OsString::new() });
    set("listen_addresses", &"127.0.0.1".into());
    for (name, value) in SETTINGS {
        set(name, &value.into());
    }
    for (name, value) in settings {
        set(name, &value.into());
    }
    arguments
}

/// A loopback port that nobody listens on.
///
/// It lies below the ports that systems hand out to outgoing connections, so that nothing takes it
/// while the server is stopped between two starts.
fn free_port() -> Result<u16> {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    loop {
        let port = FIRST + u16::from_ne_bytes(random::bytes()?) % COUNT;
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(_) => return Ok(port),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(Trouble::io("no loopback port can be bound", error)),
        }
    }
}
