//! A PgBouncer in transaction mode in front of a test's server: the one that is installed, Debian's
//! package for one, which may know nothing of prepared statements, or one that keeps their names apart.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::erp::{APP, PASSWORD, SYSTEM};

/// How many connections PgBouncer opens to the server for one role: fewer than the pools of the
/// tests have to PgBouncer, so that these take turns on them.
pub const SERVER_CONNECTIONS: usize = 4;

/// The role that may use PgBouncer's console.
const CONSOLE: &str = "console";

/// How many statements PgBouncer keeps for each connection to the server, where it does.
const KEPT_STATEMENTS: usize = 100;

/// How long it may take until it lets somebody in.
const READY_LIMIT: Duration = Duration::from_secs(20);
/// How many ports are tried, should others take one between our look at it and PgBouncer's.
const PORT_ATTEMPTS: usize = 8;

/// A running PgBouncer. It ends with this value, or with the process.
pub struct PgBouncer {
    address: SocketAddr,
    folder: PathBuf,
    shell: Child,
    console: Option<Client>,
}

impl PgBouncer {
    /// Starts one for all databases of a server, for statements that have no names.
    pub async fn start(server: SocketAddr) -> Self {
        Self::start_with(&program(), server, 0).await
    }

    /// Starts one that keeps the names of prepared statements apart, 1.21 or newer.
    pub async fn start_named(server: SocketAddr) -> Self {
        Self::start_with(&named_program(), server, KEPT_STATEMENTS).await
    }

    async fn start_with(program: &Path, server: SocketAddr, kept: usize) -> Self {
        for _ in 0..PORT_ATTEMPTS {
            let mut pgbouncer = Self::launch(program, server, kept);
            pgbouncer.console = pgbouncer.ready().await;
            if pgbouncer.console.is_some() {
                return pgbouncer;
            }
            let log = pgbouncer.log();
            assert!(log.contains("Address already in use"), "PgBouncer did not start; its log: {log}");
        }
        panic!("PgBouncer found no free port");
    }

    fn launch(program: &Path, server: SocketAddr, kept: usize) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);

        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("tenantry-pgbouncer-{}-{number}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        std::fs::write(folder.join("pgbouncer.ini"), settings(&folder, address, server, kept)).unwrap();
        let users = [APP, SYSTEM, CONSOLE].map(|user| format!("\"{user}\" \"{PASSWORD}\"\n"));
        std::fs::write(folder.join("users"), users.concat()).unwrap();
        let shell = Command::new("/bin/sh")
            .args(["-c", include_str!("pgbouncer.sh"), "tenantry-pgbouncer"])
            .args([program, &folder])
            // So that a Ctrl-C at the terminal does not meet it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { address, folder, shell, console: None }
    }

    /// Waits until it lets us in. It does not where it ended, or where somebody else has the port.
    async fn ready(&self) -> Option<Client> {
        let deadline = Instant::now() + READY_LIMIT;
        while Instant::now() < deadline && !self.log().contains("FATAL") {
            if let Ok(console) = self.connect().await {
                return Some(console);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        None
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its files are while it runs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// How many clients of the app role's are connected, in a transaction or not.
    pub async fn clients(&self) -> usize {
        self.shows("clients", |of| of("user") == APP).await
    }

    /// How many connections to the server are open for the app role.
    pub async fn servers(&self) -> usize {
        self.shows("servers", |of| of("user") == APP).await
    }

    /// Has it open new connections to the server for a database, and close those that are there as
    /// soon as nobody has a transaction on them.
    pub async fn reconnect(&self, database: &str) {
        let console = self.console.as_ref().expect("it has let us in");
        console.batch_execute(&format!("reconnect {database}")).await.unwrap();
    }

    /// Counts the lines of a table of the console's.
    async fn shows(&self, table: &str, counts: impl Fn(&dyn Fn(&str) -> String) -> bool) -> usize {
        let console = self.console.as_ref().expect("it has let us in");
        let shown = console.simple_query(&format!("show {table}")).await.unwrap();
        let counted = shown.iter().filter(|message| match message {
            SimpleQueryMessage::Row(row) => counts(&|name| row.get(name).unwrap_or_default().to_owned()),
            _ => false,
        });
        counted.count()
    }

    async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        let mut config = tokio_postgres::Config::new();
        config
            .host("127.0.0.1")
            .port(self.address.port())
            .dbname("pgbouncer")
            .user(CONSOLE)
            .password(PASSWORD);
        let (console, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(console)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// The settings that matter here are the mode and the two sizes; the rest is what lets it run.
fn settings(folder: &Path, address: SocketAddr, server: SocketAddr, kept: usize) -> String {
    let (users, port) = (folder.join("users"), address.port());
    let (users, server_port, server) = (users.display(), server.port(), server.ip());
    // PgBouncer refuses to run as root and becomes this user instead.
    let user = if runs_as_root() { "user = nobody" } else { "" };
    // Versions before 1.21 do not know the setting.
    let kept = if kept > 0 { format!("max_prepared_statements = {kept}") } else { String::new() };
    format!(
        "[databases]
         * = host={server} port={server_port}
         [pgbouncer]
         pool_mode = transaction
         default_pool_size = {SERVER_CONNECTIONS}
         max_client_conn = 200
         server_round_robin = 1
         listen_addr = 127.0.0.1
         listen_port = {port}
         unix_socket_dir =
         auth_type = scram-sha-256
         auth_file = {users}
         admin_users = {CONSOLE}
         {user}
         {kept}
        "
    )
}

fn runs_as_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0"
}

/// The program, from `PATH`, or from where packages put it and `PATH` of an ordinary user does not lead.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let packaged = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"].map(PathBuf::from);
    let found = std::env::split_paths(&path)
        .chain(packaged)
        .map(|folder| folder.join("pgbouncer"))
        .find(|program| program.is_file());
    found.expect("pgbouncer is missing, which these tests need; `make pgbouncer` installs it")
}

/// A program that keeps names apart: the installed one, or one that was unpacked beside it.
fn named_program() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/pgbouncer-named.sh");
    let found = Command::new("/bin/sh").arg(script).arg("find").output().unwrap();
    let path = String::from_utf8(found.stdout).unwrap();
    assert!(
        found.status.success(),
        "a PgBouncer of version 1.21 or newer is missing, which these tests need; `make pgbouncer` unpacks it"
    );
    PathBuf::from(path.trim_end())
}
