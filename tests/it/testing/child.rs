//! This test binary once more, as a process that something happens to.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tenantry::testing;

use crate::support::interrupt::interruptible;

/// Tells the child what to do; no test does anything of it without this variable.
const ACTION: &str = "TENANTRY_TEST_CHILD";

/// A child process with a folder for temporary files of its own, so that whatever it leaves behind is seen.
pub(super) struct Process {
    child: Child,
    pub(super) folder: PathBuf,
}

impl Process {
    /// Starts the child with what it is to do once its server runs: `exit`, `panic`, `wait`, or `drop` its database.
    pub(super) fn start(action: &str, variables: &[(&str, &str)]) -> Self {
        let folder =
            env::temp_dir().join(format!("tenantry-it-{}-{action}-{}", std::process::id(), unique()));
        fs::create_dir(&folder).unwrap();
        // The server may run as another user.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o1777)).unwrap();
        let mut command = interruptible(env::current_exe().unwrap());
        command.args(["--exact", "testing::child::act", "--nocapture"]);
        for (name, value) in variables {
            command.env(name, value);
        }
        command.env(ACTION, action).env("TMPDIR", &folder).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own, as the foreground processes of a terminal are one.
        let child = command.process_group(0).spawn().unwrap();
        Self { child, folder }
    }

    /// What the child wrote once its server ran, or once it could not be had.
    pub(super) fn answer(&mut self) -> String {
        let answer = self.folder.join("answer");
        eventually("the child answers", || answer.exists());
        fs::read_to_string(answer).unwrap()
    }

    /// The child's process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the child ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// The folder of the child's server, once there is one.
    pub(super) fn server_folder(&self) -> Option<PathBuf> {
        let entries = fs::read_dir(&self.folder).unwrap().flatten().map(|entry| entry.path());
        entries.into_iter().find(|path| path.is_dir())
    }

    /// Waits until no process and no folder of the child's server is left.
    pub(super) fn expect_nothing_left(&self) {
        eventually("the server's folder goes", || self.server_folder().is_none());
        let folder = self.folder.to_str().unwrap();
        eventually("the server's processes go", || {
            let processes = Command::new("ps").args(["-A", "-o", "args="]).output().unwrap();
            !String::from_utf8_lossy(&processes.stdout).contains(folder)
        });
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Sends a signal with the program `kill`: `-9 17`, or `-INT -17` for a whole group.
pub(super) fn kill(signal: &str, target: &str) -> bool {
    Command::new("kill").args([signal, "--", target]).stderr(Stdio::null()).status().unwrap().success()
}

pub(super) fn is_alive(pid: u32) -> bool {
    kill("-0", &pid.to_string())
}

/// Polls until something is so, and fails when it is not so in time.
pub(super) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn unique() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The child's side. In the suite itself there is nothing to do here.
#[test]
fn act() {
    let Ok(action) = env::var(ACTION) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (answer, kept) = match testing::server().await {
            Ok(server) => {
                let database = server.database().await.unwrap();
                (format!("{}\n{}\n{server}\n", server.pid().unwrap_or(0), database.name()), Some(database))
            }
            Err(error) => (error.to_string(), None),
        };
        tell(&answer);
        match action.as_str() {
            "exit" => {}
            "panic" => panic!("a test failed"),
            "wait" => std::future::pending::<()>().await,
            "drop" => {
                drop(kept);
                std::future::pending::<()>().await;
            }
            other => panic!("no such action: {other}"),
        }
    });
}

/// Writes the answer so that whoever sees the file sees all of it.
fn tell(answer: &str) {
    let folder = env::temp_dir();
    let half: &Path = &folder.join("half");
    fs::write(half, answer).unwrap();
    fs::rename(half, folder.join("answer")).unwrap();
}
