//! A shell that outlives this process for as long as it takes to clean up after it.
//!
//! Destructors do not run when a process is killed, and those of statics never run. What always
//! happens is that the kernel closes the process's end of a pipe, and that is what the shell waits for.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;

use super::error::{Result, Trouble};
use super::user::ServerUser;

/// The shell, at work until this value is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Watchdog {
    orders: ChildStdin,
    reports: mpsc::UnboundedReceiver<String>,
}

impl Watchdog {
    /// Starts a script in a process group of its own, so that a Ctrl-C at the terminal does not meet it.
    pub(crate) fn spawn<A: AsRef<OsStr>>(
        script: &str,
        arguments: impl IntoIterator<Item = A>,
        folder: &Path,
        user: Option<&ServerUser>,
    ) -> Result<Self> {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", script, "tenantry-watchdog"])
            .args(arguments)
            .current_dir(folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .env("LC_ALL", "C");
        // PGDATA, PGPORT, PGOPTIONS and their kin are meant for the caller's own server.
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        if let Some(user) = user {
            command.uid(user.uid).gid(user.gid);
        }
        let failed = |source| Trouble::io("the watchdog did not start", source);
        let mut shell = command.spawn().map_err(failed)?;
        let (Some(orders), Some(output)) = (shell.stdin.take(), shell.stdout.take()) else {
            return Err(Trouble::config("the watchdog has no pipes"));
        };

        // A thread, not a task: the server is shared by tests that each have a runtime of their own.
        let (sender, reports) = mpsc::unbounded_channel();
        thread::Builder::new()
            .name("tenantry-watchdog".to_owned())
            .spawn(move || {
                for line in BufReader::new(output).lines().map_while(std::io::Result::ok) {
                    // Reading goes on when nobody listens any more: the shell is not to be held up.
                    let _ = sender.send(line);
                }
                let _ = shell.wait();
            })
            .map_err(failed)?;
        Ok(Self { orders, reports })
    }

    /// Sends one line.
    pub(crate) fn order(&mut self, line: &str) -> Result<()> {
        self.orders
            .write_all(format!("{line}\n").as_bytes())
            .map_err(|source| Trouble::io("the watchdog is gone", source))
    }

    /// The next report, or `None` when there was none in time or the shell has ended.
    pub(crate) async fn report(&mut self, limit: Duration) -> Option<String> {
        tokio::time::timeout(limit, self.reports.recv()).await.ok().flatten()
    }

    /// Lets the shell clean up, and waits for that, but no longer than this: it goes on without us.
    pub(crate) async fn end(self, limit: Duration) {
        let Self { orders, mut reports } = self;
        drop(orders);
        // The shell holds the other end until its work is done.
        let gone = async { while reports.recv().await.is_some() {} };
        let _ = tokio::time::timeout(limit, gone).await;
    }

    /// A report that has come already.
    pub(crate) fn past_report(&mut self) -> Option<String> {
        self.reports.try_recv().ok()
    }
}
