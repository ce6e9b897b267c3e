//! A program that runs for as long as it is needed.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::{AnyError, path};

/// How long a program may take until it answers.
const STARTED: Duration = Duration::from_secs(60);

/// How long a program may take to end.
const ENDED: Duration = Duration::from_secs(30);

/// Between two looks at a program that has just been started.
const LOOK: Duration = Duration::from_millis(20);

/// A program. One that is dropped before its end is killed, and is gone then.
pub struct Program {
    name: &'static str,
    child: Child,
    log: PathBuf,
    /// Whether it is killed rather than told to end.
    is_killed: bool,
}

impl Program {
    /// Starts it. What it writes goes to a file in the folder.
    ///
    /// # Errors
    ///
    /// It is not there, or the folder cannot be written to.
    pub fn start(name: &'static str, command: &mut Command, folder: &Path) -> Result<Self, AnyError> {
        let log = folder.join(format!("{name}.log"));
        let written = std::fs::File::create(&log)?;
        let child = command
            // Ctrl-C is for whoever has started it, who ends one after the other.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(written.try_clone()?)
            .stderr(written)
            .spawn()
            .map_err(|error| format!("{name} cannot be started: {error}"))?;
        Ok(Self { name, child, log, is_killed: false })
    }

    /// The same, of which nothing is to be kept, and which would take long to end by itself.
    #[must_use]
    pub fn killed_at_the_end(mut self) -> Self {
        self.is_killed = true;
        self
    }

    /// What it has written.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn log(&self) -> Result<String, AnyError> {
        Ok(std::fs::read_to_string(&self.log)?)
    }

    /// Waits until there is something to be had of it.
    ///
    /// # Errors
    ///
    /// It has ended, or takes too long.
    pub async fn until<T>(&mut self, mut look: impl AsyncFnMut(&Self) -> Option<T>) -> Result<T, AnyError> {
        let looking = async {
            loop {
                if let Some(found) = look(self).await {
                    return Ok(found);
                }
                if let Some(status) = self.child.try_wait()? {
                    return Err(format!("{} has ended, {status}:\n{}", self.name, self.log()?).into());
                }
                sleep(LOOK).await;
            }
        };
        timeout(STARTED, looking).await.unwrap_or_else(|_| Err("it takes too long".into()))
    }

    /// Waits until it answers with success at this address.
    ///
    /// # Errors
    ///
    /// As for [`until`](Self::until).
    pub async fn until_ready(&mut self, url: &str) -> Result<(), AnyError> {
        self.until(async |_| answers(url.to_owned()).await.then_some(())).await
    }

    /// Sends it SIGTERM.
    pub fn tell_to_end(&self) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(id) = id {
            // One that has ended by itself needs no telling.
            let _ = kill_process(id, Signal::TERM);
        }
    }

    /// Sends it SIGTERM and waits until it has ended; one that does not is killed.
    ///
    /// # Errors
    ///
    /// It had to be killed, or told of a failure.
    pub async fn end(mut self) -> Result<(), AnyError> {
        if self.is_killed {
            return Ok(self.child.kill().await?);
        }
        self.tell_to_end();
        match timeout(ENDED, self.child.wait()).await {
            Ok(status) if status.as_ref().is_ok_and(std::process::ExitStatus::success) => Ok(()),
            Ok(status) => Err(format!("{} has ended with {:?}", self.name, status?).into()),
            Err(_) => {
                self.child.kill().await?;
                Err(format!("{} did not end", self.name).into())
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Nobody needs telling of one that has ended. SIGKILL is not long in coming.
        if self.child.start_kill().is_ok() {
            while matches!(self.child.try_wait(), Ok(None)) {
                std::thread::sleep(LOOK);
            }
        }
    }
}

/// Whether a GET is answered with success.
async fn answers(url: String) -> bool {
    tokio::task::spawn_blocking(move || ureq::get(&url).call().is_ok()).await.unwrap_or(false)
}

/// A port of this machine that nobody listens to.
///
/// # Errors
///
/// There is none.
pub fn free_port() -> Result<u16, AnyError> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Where a program is, by the script of `tests/server` that makes sure of it.
///
/// # Errors
///
/// It cannot be installed.
pub async fn installed(script: &str) -> Result<PathBuf, AnyError> {
    let script = path("../../tests/server").join(script);
    let output = Command::new("sh").arg(&script).stderr(Stdio::inherit()).output().await?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?.trim().into())
    } else {
        Err(format!("{}: {}", script.display(), output.status).into())
    }
}
