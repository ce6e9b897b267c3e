//! The machine that this runs on.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::error::Result;
use super::find::Machine;
use super::os::Os;
use super::user::ServerUser;

/// How long a program that is asked something may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Answers from the process's environment, the file system, `pg_config` and `docker`.
#[derive(Debug)]
pub(crate) struct ThisMachine {
    /// Who runs the server; none is the user of this process.
    pub(crate) user: Option<ServerUser>,
}

impl ThisMachine {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { user: ServerUser::instead_of_root()? })
    }
}

impl Machine for ThisMachine {
    fn var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    fn pg_config_bindir(&self) -> Option<PathBuf> {
        let output = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output().ok()?;
        let folder = String::from_utf8(output.stdout).ok()?;
        (!folder.trim().is_empty()).then(|| PathBuf::from(folder.trim()))
    }

    fn names_in(&self, folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    fn server_in(&self, folder: &Path) -> bool {
        ["initdb", "postgres"].into_iter().all(|name| {
            let program = folder.join(name);
            let runs = fs::metadata(&program).is_ok_and(|found| found.is_file() && found.mode() & 0o111 != 0);
            runs && self.user.as_ref().is_none_or(|user| user.can_reach(&program))
        })
    }

    fn major_in(&self, folder: &Path) -> Option<u32> {
        let asked =
            Command::new(folder.join("postgres")).arg("--version").stderr(Stdio::null()).output().ok()?;
        let said = String::from_utf8(asked.stdout).ok()?;
        // postgres (PostgreSQL) 18.1 (Debian 18.1-1), or 19beta1
        let version = said.split_whitespace().nth(2)?;
        version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    }

    fn docker(&self) -> Result<(), String> {
        let mut asked = Command::new("docker")
            .args(["version", "--format", "{{.Server.Version}}"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|_| "command docker is not there".to_owned())?;
        let deadline = Instant::now() + ANSWER_LIMIT;
        loop {
            match asked.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(20)),
                Ok(None) => {
                    let _ = asked.kill();
                    let _ = asked.wait();
                    return Err("the Docker engine does not answer".to_owned());
                }
                Ok(Some(_)) | Err(_) => return Err("no Docker engine answers".to_owned()),
            }
        }
    }

    fn os(&self) -> Os {
        if cfg!(target_os = "macos") {
            return Os::Mac;
        }
        let release =
            fs::read_to_string("/etc/os-release").or_else(|_| fs::read_to_string("/usr/lib/os-release"));
        release.map_or(Os::Other, |text| Os::from_release(&text))
    }
}
