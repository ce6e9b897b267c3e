//! A throwaway server for the tool: of the binaries on this machine, or in a container.

use std::fmt;
use std::path::PathBuf;

use super::address::Address;
use super::docker::Container;
use super::error::{Kind, Result, Trouble};
use super::find::{self, DEFAULT_IMAGE, Machine};
use super::local::Cluster;
use super::machine::ThisMachine;

/// Which server somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Whichever is there.
    Any,
    /// One of this major version.
    Major(u32),
    /// The one in this image of Docker's.
    Image(String),
}

/// Where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Local { bin: PathBuf, named_by: &'static str },
    Docker { image: String },
}

/// A server that goes, with all that it wrote, when this value is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Throwaway {
    address: Address,
    backing: Backing,
}

#[derive(Debug)]
enum Backing {
    Local(Cluster),
    Docker(Container),
}

impl Throwaway {
    /// Finds what is wanted, and starts it.
    pub(crate) async fn start(wanted: Wanted) -> Result<Self> {
        let search = tokio::task::spawn_blocking(move || {
            let machine = ThisMachine::new()?;
            Ok::<_, Trouble>((find(&machine, &wanted)?, machine))
        });
        let found =
            search.await.map_err(|source| Trouble::io("the search for a server failed", source.into()));
        let (source, machine) = found??;
        tracing::info!(%source, "a throwaway server is started");
        let (address, backing) = match source {
            Source::Local { bin, .. } => {
                let cluster = Cluster::start_new(&bin, machine.user.as_ref(), &[]).await?;
                (cluster.address().clone(), Backing::Local(cluster))
            }
            Source::Docker { image } => {
                let container = Container::start_new("tenantry-lint", &image, &[]).await?;
                (container.address().clone(), Backing::Docker(container))
            }
        };
        Ok(Self { address, backing })
    }

    /// Where it listens, for its superuser.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Stops it and removes what it wrote, and waits for that.
    pub(crate) async fn end(self) {
        match self.backing {
            Backing::Local(cluster) => cluster.end().await,
            Backing::Docker(container) => container.end().await,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { bin, named_by } => write!(f, "{} ({named_by})", bin.display()),
            Self::Docker { image } => write!(f, "Docker image {image}"),
        }
    }
}

/// What is wanted, of the binaries on this machine if it can be, or else in Docker.
fn find(machine: &impl Machine, wanted: &Wanted) -> Result<Source> {
    let mut missing = Vec::new();
    match wanted {
        Wanted::Any => match find::local(machine)? {
            Some((bin, named_by)) => return Ok(Source::Local { bin, named_by }),
            None => missing.push("no folder holds initdb and postgres".to_owned()),
        },
        Wanted::Major(major) => match of_major(machine, *major)? {
            Ok(source) => return Ok(source),
            Err(why) => missing.push(why),
        },
        Wanted::Image(_) => {}
    }
    let image = match wanted {
        Wanted::Any => DEFAULT_IMAGE.to_owned(),
        Wanted::Major(major) => format!("postgres:{major}"),
        Wanted::Image(image) => image.clone(),
    };
    match machine.docker() {
        Ok(()) => return Ok(Source::Docker { image }),
        Err(why) => missing.push(why),
    }
    let what = match wanted {
        Wanted::Any => "no PostgreSQL server to run the files on".to_owned(),
        Wanted::Major(major) => format!("no PostgreSQL {major} to run the files on"),
        Wanted::Image(image) => format!("image {image} cannot be run"),
    };
    let os = machine.os();
    let mut ways = vec![format!("`{}`", os.docker()), "name an empty database: --server=URL".to_owned()];
    match wanted {
        Wanted::Any => ways.insert(0, format!("`{}`", os.install())),
        Wanted::Major(_) => ways.insert(0, "set TENANTRY_PG_BIN to the folder of its binaries".to_owned()),
        Wanted::Image(_) => {}
    }
    Err(Kind::NotFound { missing: format!("{what}: {}", missing.join(", ")), ways: ways.join(", or ") }
        .into())
}

/// The binaries of a major version, or in the inner error why there are none.
fn of_major(machine: &impl Machine, major: u32) -> Result<Result<Source, String>> {
    if let Some((bin, named_by)) = find::named(machine)? {
        return match machine.major_in(&bin) {
            Some(found) if found == major => Ok(Ok(Source::Local { bin, named_by })),
            found => Err(Trouble::config(format!(
                "TENANTRY_PG_BIN is {:?}, which holds PostgreSQL {}; unset it, or ask for the version that it holds",
                bin.display().to_string(),
                found.map_or_else(|| "of no known version".to_owned(), |found| found.to_string())
            ))),
        };
    }
    let mut seen: Vec<String> = Vec::new();
    for (bin, named_by) in find::candidates(machine) {
        if !machine.server_in(&bin) {
            continue;
        }
        match machine.major_in(&bin) {
            Some(found) if found == major => return Ok(Ok(Source::Local { bin, named_by })),
            Some(found) if !seen.contains(&found.to_string()) => seen.push(found.to_string()),
            _ => {}
        }
    }
    Ok(Err(if seen.is_empty() {
        "no folder holds initdb and postgres".to_owned()
    } else {
        format!("there is {} on this machine", seen.join(" and "))
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::path::{Path, PathBuf};

    use super::{Wanted, find};
    use crate::throwaway::find::Machine;
    use crate::throwaway::os::Os;

    #[derive(Default)]
    struct Pretend {
        named: Option<&'static str>,
        servers: HashMap<&'static str, u32>,
        docker: bool,
    }

    impl Machine for Pretend {
        fn var(&self, name: &str) -> Option<String> {
            match name {
                "TENANTRY_PG_BIN" => self.named.map(str::to_owned),
                "PATH" => Some("/on/path".to_owned()),
                _ => None,
            }
        }

        fn pg_config_bindir(&self) -> Option<PathBuf> {
            None
        }

        fn names_in(&self, folder: &Path) -> Vec<String> {
            let inside = |server: &&'static str| {
                let rest = Path::new(server).strip_prefix(folder).ok()?;
                Some(rest.components().next()?.as_os_str().to_str()?.to_owned())
            };
            self.servers.keys().filter_map(inside).collect()
        }

        fn server_in(&self, folder: &Path) -> bool {
            self.major_in(folder).is_some()
        }

        fn major_in(&self, folder: &Path) -> Option<u32> {
            self.servers.get(folder.to_str()?).copied()
        }

        fn docker(&self) -> Result<(), String> {
            if self.docker { Ok(()) } else { Err("command docker is not there".to_owned()) }
        }

        fn os(&self) -> Os {
            Os::Debian
        }
    }

    fn found(machine: &Pretend, wanted: &Wanted) -> String {
        match find(machine, wanted) {
            Ok(source) => source.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_version_that_is_wanted_is_the_one_that_runs() {
        let servers = HashMap::from([
            ("/on/path", 16),
            ("/usr/lib/postgresql/15/bin", 15),
            ("/usr/lib/postgresql/17/bin", 17),
            ("/named", 18),
        ]);
        let mut machine = Pretend { servers, docker: true, ..Pretend::default() };
        assert_eq!(found(&machine, &Wanted::Any), "/on/path (PATH)");
        assert_eq!(found(&machine, &Wanted::Major(15)), "/usr/lib/postgresql/15/bin (packages)");
        assert_eq!(found(&machine, &Wanted::Major(14)), "Docker image postgres:14");
        let image = Wanted::Image("postgis/postgis:18-3.6".to_owned());
        assert_eq!(found(&machine, &image), "Docker image postgis/postgis:18-3.6");
        machine.named = Some("/named");
        assert_eq!(found(&machine, &Wanted::Any), "/named (TENANTRY_PG_BIN)");
        assert_eq!(found(&machine, &Wanted::Major(18)), "/named (TENANTRY_PG_BIN)");
        assert_eq!(found(&machine, &image), "Docker image postgis/postgis:18-3.6");
        assert_eq!(
            found(&machine, &Wanted::Major(17)),
            "TENANTRY_PG_BIN is \"/named\", which holds PostgreSQL 18; unset it, or ask for the version that it holds"
        );
    }

    #[test]
    fn what_is_missing_is_said_with_the_ways_out() {
        let mut machine = Pretend::default();
        assert_eq!(
            found(&machine, &Wanted::Any),
            "no PostgreSQL server to run the files on: no folder holds initdb and postgres, command docker is not there; \
             do one of these: `apt-get install -y postgresql`, or `apt-get install -y docker.io`, or name an empty \
             database: --server=URL"
        );
        machine.servers = HashMap::from([("/on/path", 16)]);
        assert_eq!(
            found(&machine, &Wanted::Major(18)),
            "no PostgreSQL 18 to run the files on: there is 16 on this machine, command docker is not there; do one of \
             these: set TENANTRY_PG_BIN to the folder of its binaries, or `apt-get install -y docker.io`, or name an \
             empty database: --server=URL"
        );
        let line = found(&machine, &Wanted::Image("a/b:1".to_owned()));
        assert!(line.starts_with("image a/b:1 cannot be run: command docker is not there; do"), "{line}");
    }
}
