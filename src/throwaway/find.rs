//! Where PostgreSQL's own programs are on a machine: a decision over what a [`Machine`] answers, without any other input.

use std::path::{Path, PathBuf};

use super::error::{Result, Trouble};
use super::os::Os;

/// The image that Docker runs unless somebody names another.
pub(crate) const DEFAULT_IMAGE: &str = "postgres:18";

/// What the search asks of the machine it runs on.
pub(crate) trait Machine {
    /// An environment variable. An empty one counts as missing.
    fn var(&self, name: &str) -> Option<String>;
    /// What `pg_config --bindir` prints.
    fn pg_config_bindir(&self) -> Option<PathBuf>;
    /// The names in a folder.
    fn names_in(&self, folder: &Path) -> Vec<String>;
    /// Whether a folder holds `initdb` and `postgres`, and whoever is to run them can get there.
    fn server_in(&self, folder: &Path) -> bool;
    /// The major version of the server whose binaries a folder holds.
    fn major_in(&self, folder: &Path) -> Option<u32>;
    /// Whether a Docker engine answers, or why not.
    fn docker(&self) -> Result<(), String>;
    fn os(&self) -> Os;
}

/// The server binaries to use, with how their folder was come by: those that `TENANTRY_PG_BIN` names, or else the first ones.
pub(crate) fn local(machine: &impl Machine) -> Result<Option<(PathBuf, &'static str)>> {
    Ok(match named(machine)? {
        Some(named) => Some(named),
        None => candidates(machine).find(|(bin, _)| machine.server_in(bin)),
    })
}

/// The folder that `TENANTRY_PG_BIN` names.
pub(super) fn named(machine: &impl Machine) -> Result<Option<(PathBuf, &'static str)>> {
    let Some(named) = machine.var("TENANTRY_PG_BIN") else { return Ok(None) };
    let bin = PathBuf::from(&named);
    if machine.server_in(&bin) {
        return Ok(Some((bin, "TENANTRY_PG_BIN")));
    }
    // Somebody meant this folder: to take another one would run the wrong server.
    Err(Trouble::config(format!(
        "TENANTRY_PG_BIN is {named:?}; expected a folder with initdb and postgres that the server's user can reach"
    )))
}

/// A program of PostgreSQL's own, such as `pgbench`, in the first folder that has it.
pub(crate) fn program(machine: &impl Machine, name: &str) -> Option<PathBuf> {
    let named = machine.var("TENANTRY_PG_BIN").map(|bin| (PathBuf::from(bin), "TENANTRY_PG_BIN"));
    named
        .into_iter()
        .chain(candidates(machine))
        .find(|(bin, _)| machine.names_in(bin).iter().any(|found| found == name))
        .map(|(bin, _)| bin.join(name))
}

/// The folders to look into, in order, each with how it was come by.
pub(super) fn candidates(machine: &impl Machine) -> impl Iterator<Item = (PathBuf, &'static str)> {
    let pg_config = machine.pg_config_bindir().into_iter().map(|bin| (bin, "pg_config"));
    let path = machine.var("PATH").unwrap_or_default();
    let path: Vec<PathBuf> =
        std::env::split_paths(&path).filter(|folder| !folder.as_os_str().is_empty()).collect();
    let path = path.into_iter().map(|bin| (bin, "PATH"));
    let debian = newest_first(machine, "/usr/lib/postgresql", "").map(|bin| (bin, "packages"));
    let homebrew = ["/opt/homebrew/opt", "/usr/local/opt"]
        .into_iter()
        .flat_map(|folder| newest_first(machine, folder, "postgresql@"))
        .map(|bin| (bin, "Homebrew"));
    pg_config.chain(path).chain(debian).chain(homebrew)
}

/// The `bin` folders of the versions in a folder: `17` before `9.6`.
fn newest_first(machine: &dyn Machine, folder: &str, prefix: &str) -> impl Iterator<Item = PathBuf> + use<> {
    let folder = PathBuf::from(folder);
    let mut versions: Vec<(Vec<u32>, String)> = machine
        .names_in(&folder)
        .into_iter()
        .filter_map(|name| {
            let version = name.strip_prefix(prefix)?;
            let numbers = version.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
            Some((numbers, name))
        })
        .collect();
    versions.sort();
    versions.into_iter().rev().map(move |(_, name)| folder.join(name).join("bin"))
}
