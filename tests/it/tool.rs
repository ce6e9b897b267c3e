//! The tool, as people and CI run it: the real binary, with an environment of its own.

mod arguments;
mod assumed;
mod audit;
mod bad_input;
mod bootstrap;
mod both;
mod connect;
mod explain;
mod folders;
mod from;
mod init;
mod lint;
mod map;
mod output;
mod passfile;
mod plan;
mod prove;
mod rows;
mod server;
mod tls;
mod unique;

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tenantry::testing::{self, Database};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::support::interrupt::interruptible;

/// A folder that goes when this value does.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("tenantry-tool-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The files in it, in a folder of it with a name.
    fn names(&self, name: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(name)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Of an ERP whose tables have an owner that is not the role of its services.
const ERP_MANIFEST: &str = "\
[tenancy]
type = \"uuid\"

[roles]
app = \"erp_app\"
owner = \"erp_owner\"
";

/// A folder with a manifest and a folder of migrations.
fn folder(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    folder.write("tenantry.toml", ERP_MANIFEST);
    for (name, text) in files {
        let path = folder.path("migrations").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The tool in a folder, which is the home of its user too, and with no variables but those that a test sets.
pub(crate) struct Tool {
    command: Command,
}

impl Tool {
    pub(crate) fn at(folder: &Folder) -> Self {
        Self::run_by(Command::new(env!("CARGO_BIN_EXE_tenantry")), folder)
    }

    /// The same as a process that Ctrl-C ends.
    pub(crate) fn interruptible(folder: &Folder) -> Self {
        Self::run_by(interruptible(env!("CARGO_BIN_EXE_tenantry")), folder)
    }

    fn run_by(mut command: Command, folder: &Folder) -> Self {
        command.env_clear().env("HOME", &folder.0).current_dir(&folder.0).stdin(Stdio::null());
        Self { command }
    }

    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn run(mut self) -> Run {
        Run::of(&self.command.output().unwrap())
    }

    /// Starts it, to be watched while it runs, or ended.
    pub(crate) fn start(mut self) -> Child {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

/// How it ended and what it wrote.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let code = output.status.code().unwrap_or_else(|| panic!("{output:?}"));
        let run = Self { code, out: text(&output.stdout), err: text(&output.stderr) };
        assert!(!run.err.contains("panicked"), "{run:?}");
        run
    }

    /// It ended with this code and said this, among others, on the standard error stream.
    #[track_caller]
    pub(crate) fn said(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{self:#?}");
        for part in parts {
            assert!(self.err.contains(part), "{part:?} in {self:#?}");
        }
    }

    /// What it wrote, as if its lines had no end.
    pub(crate) fn unwrapped(&self) -> String {
        self.out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// What there is to know of a database.
struct Place {
    host: String,
    port: u16,
    user: String,
    password: String,
    database: Database,
}

async fn place() -> Place {
    place_of(testing::server().await.unwrap().database().await.unwrap())
}

fn place_of(database: Database) -> Place {
    let config: Config = database.url().parse().unwrap();
    let host = match &config.get_hosts()[0] {
        Host::Tcp(host) => host.clone(),
        Host::Unix(folder) => folder.to_str().unwrap().to_owned(),
    };
    let password = config.get_password().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
    Place {
        host,
        port: config.get_ports()[0],
        user: config.get_user().unwrap().to_owned(),
        password: password.unwrap_or_default(),
        database,
    }
}

const MANIFEST: &str = "\
[tenancy]
type = \"uuid\"

[roles]
app = \"{app}\"
";

/// A command that reads an empty database, and finds nothing missing but what policies need.
fn plan(folder: &Folder) -> Tool {
    plan_by(Tool::at(folder), folder)
}

fn plan_by(tool: Tool, folder: &Folder) -> Tool {
    let manifest = MANIFEST.replace("{app}", &crate::policy::unique("app"));
    folder.write("tenantry.toml", &manifest);
    tool.args(&["plan"])
}

/// Writes a file that its owner alone can read.
fn private(folder: &Folder, name: &str, text: &str) -> PathBuf {
    let path = folder.path(name);
    let mut options = std::fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(options.write(true).create_new(true), 0o600);
    options.open(&path).unwrap().write_all(text.as_bytes()).unwrap();
    path
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}
