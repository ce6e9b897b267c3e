//! Where a server can be had: a decision over what a [`Machine`] answers, without any other input.

use std::fmt;
use std::path::PathBuf;

use super::error::{Result, TestError};
use crate::throwaway::{self, DEFAULT_IMAGE, Machine};

/// Where a server comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Url(String),
    Local { bin: PathBuf, named_by: &'static str },
    Docker { image: String },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Not the URL itself: it holds a password.
            Self::Url(_) => f.write_str("from TENANTRY_TEST_DATABASE_URL"),
            Self::Local { bin, named_by } => write!(f, "from {} ({named_by})", bin.display()),
            Self::Docker { image } => write!(f, "from Docker image {image}"),
        }
    }
}

/// The first source there is, in the order URL, local, Docker, or the one that `TENANTRY_TEST_SERVER` names.
pub(super) fn find<M: Machine>(machine: &M) -> Result<Source> {
    let forced = machine.var("TENANTRY_TEST_SERVER");
    let ways: &[Way<M>] = match forced.as_deref() {
        None => &[url, local, docker],
        Some("url") => &[url],
        Some("local") => &[local],
        Some("docker") => &[docker],
        Some(other) => {
            return Err(TestError::config(format!(
                "TENANTRY_TEST_SERVER is {other:?}; expected url, local or docker"
            )));
        }
    };
    first(machine, ways)
}

/// The first source of a server that can be had for one test alone, which a URL cannot.
pub(super) fn find_private<M: Machine>(machine: &M) -> Result<Source> {
    match machine.var("TENANTRY_TEST_SERVER").as_deref() {
        Some("docker") => find_docker(machine),
        Some("local") => find_local(machine),
        _ => first(machine, &[local, docker]),
    }
}

/// Server binaries on this machine, whatever `TENANTRY_TEST_SERVER` says.
pub(super) fn find_local<M: Machine>(machine: &M) -> Result<Source> {
    first(machine, &[local])
}

/// Docker, whatever `TENANTRY_TEST_SERVER` says.
pub(super) fn find_docker<M: Machine>(machine: &M) -> Result<Source> {
    first(machine, &[docker])
}

/// One way to a server: the source, or in the inner error why it is not to be had.
type Way<M> = fn(&M) -> Result<Result<Source, String>>;

fn first<M: Machine>(machine: &M, ways: &[Way<M>]) -> Result<Source> {
    let mut missing = Vec::new();
    for way in ways {
        match way(machine)? {
            Ok(source) => return Ok(source),
            Err(reason) => missing.push(reason),
        }
    }
    let os = machine.os();
    let missing = format!("no PostgreSQL server for the tests: {}", missing.join(", "));
    let ways = format!(
        "`{}`, or `{}`, or `export TENANTRY_TEST_DATABASE_URL=postgresql://postgres:password@127.0.0.1:5432/postgres`",
        os.install(),
        os.docker()
    );
    Err(TestError::not_found(missing, ways))
}

#[expect(clippy::unnecessary_wraps, reason = "every way has the same shape")]
fn url<M: Machine>(machine: &M) -> Result<Result<Source, String>> {
    let url = machine.var("TENANTRY_TEST_DATABASE_URL").map(Source::Url);
    Ok(url.ok_or_else(|| "TENANTRY_TEST_DATABASE_URL is not set".to_owned()))
}

fn local<M: Machine>(machine: &M) -> Result<Result<Source, String>> {
    let found = throwaway::local(machine)?;
    Ok(found
        .map(|(bin, named_by)| Source::Local { bin, named_by })
        .ok_or_else(|| "no folder holds initdb and postgres".to_owned()))
}

#[expect(clippy::unnecessary_wraps, reason = "every way has the same shape")]
fn docker<M: Machine>(machine: &M) -> Result<Result<Source, String>> {
    let image = machine.var("TENANTRY_TEST_IMAGE").unwrap_or_else(|| DEFAULT_IMAGE.to_owned());
    Ok(machine.docker().map(|()| Source::Docker { image }))
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::path::{Path, PathBuf};

    use super::{Machine, Source, find, find_private};
    use crate::testing::error::Result;
    use crate::throwaway::Os;

    #[derive(Default)]
    struct Pretend {
        vars: HashMap<&'static str, &'static str>,
        pg_config: Option<&'static str>,
        servers: HashSet<&'static str>,
        docker: bool,
    }

    impl Machine for Pretend {
        fn var(&self, name: &str) -> Option<String> {
            self.vars.get(name).map(ToString::to_string)
        }

        fn pg_config_bindir(&self) -> Option<PathBuf> {
            self.pg_config.map(PathBuf::from)
        }

        fn names_in(&self, folder: &Path) -> Vec<String> {
            let inside = |server: &&'static str| {
                let rest = Path::new(server).strip_prefix(folder).ok()?;
                Some(rest.components().next()?.as_os_str().to_str()?.to_owned())
            };
            self.servers.iter().filter_map(inside).chain(["README".to_owned()]).collect()
        }

        fn server_in(&self, folder: &Path) -> bool {
            folder.to_str().is_some_and(|folder| self.servers.contains(folder))
        }

        fn major_in(&self, _: &Path) -> Option<u32> {
            None
        }

        fn docker(&self) -> Result<(), String> {
            if self.docker { Ok(()) } else { Err("command docker is not there".to_owned()) }
        }

        fn os(&self) -> Os {
            Os::Debian
        }
    }

    fn found(machine: &Pretend) -> String {
        match find(machine) {
            Ok(source) => source.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Everything is there; what comes first is taken away, one after the other.
    #[test]
    fn the_order_is_url_then_binaries_then_docker() {
        let mut machine = Pretend {
            vars: HashMap::from([
                ("TENANTRY_TEST_DATABASE_URL", "postgresql://a@b/c"),
                ("TENANTRY_PG_BIN", "/named"),
                ("PATH", "/bin:/on/path:/other"),
            ]),
            pg_config: Some("/of/pg_config"),
            servers: HashSet::from([
                "/named",
                "/of/pg_config",
                "/on/path",
                "/usr/lib/postgresql/17/bin",
                "/usr/lib/postgresql/9.6/bin",
                "/opt/homebrew/opt/postgresql@9/bin",
                "/opt/homebrew/opt/postgresql@16/bin",
                "/usr/local/opt/postgresql@18/bin",
            ]),
            docker: true,
        };
        assert_eq!(found(&machine), "from TENANTRY_TEST_DATABASE_URL");
        machine.vars.remove("TENANTRY_TEST_DATABASE_URL");
        assert_eq!(found(&machine), "from /named (TENANTRY_PG_BIN)");
        machine.vars.remove("TENANTRY_PG_BIN");
        for (folder, how) in [
            ("/of/pg_config", "pg_config"),
            ("/on/path", "PATH"),
            ("/usr/lib/postgresql/17/bin", "packages"),
            ("/usr/lib/postgresql/9.6/bin", "packages"),
            ("/opt/homebrew/opt/postgresql@16/bin", "Homebrew"),
            ("/opt/homebrew/opt/postgresql@9/bin", "Homebrew"),
            ("/usr/local/opt/postgresql@18/bin", "Homebrew"),
        ] {
            assert_eq!(found(&machine), format!("from {folder} ({how})"));
            machine.servers.remove(folder);
        }
        assert_eq!(found(&machine), "from Docker image postgres:18");
        machine.vars.insert("TENANTRY_TEST_IMAGE", "elsewhere:5000/pg:1");
        assert_eq!(found(&machine), "from Docker image elsewhere:5000/pg:1");
    }

    #[test]
    fn one_kind_can_be_forced() {
        let mut machine = Pretend {
            vars: HashMap::from([("TENANTRY_TEST_DATABASE_URL", "postgresql://a@b/c"), ("PATH", "/pg")]),
            servers: HashSet::from(["/pg"]),
            docker: true,
            ..Pretend::default()
        };
        for (kind, source) in [
            ("url", "from TENANTRY_TEST_DATABASE_URL"),
            ("local", "from /pg (PATH)"),
            ("docker", "from Docker image postgres:18"),
            ("podman", "TENANTRY_TEST_SERVER is \"podman\"; expected url, local or docker"),
        ] {
            machine.vars.insert("TENANTRY_TEST_SERVER", kind);
            assert_eq!(found(&machine), source);
        }
    }

    #[test]
    fn a_private_server_is_never_the_one_behind_the_url() {
        let machine = Pretend {
            vars: HashMap::from([
                ("TENANTRY_TEST_DATABASE_URL", "postgresql://a@b/c"),
                ("TENANTRY_TEST_SERVER", "url"),
            ]),
            docker: true,
            ..Pretend::default()
        };
        assert_eq!(find_private(&machine).unwrap(), Source::Docker { image: "postgres:18".to_owned() });
    }

    #[test]
    fn a_folder_that_was_named_is_not_replaced_by_another() {
        let machine = Pretend {
            vars: HashMap::from([("TENANTRY_PG_BIN", "/empty"), ("PATH", "/pg")]),
            servers: HashSet::from(["/pg"]),
            ..Pretend::default()
        };
        assert!(
            found(&machine).starts_with("TENANTRY_PG_BIN is \"/empty\"; expected"),
            "{}",
            found(&machine)
        );
    }

    #[test]
    fn when_nothing_is_found_the_error_names_the_ways_out() {
        let mut machine = Pretend::default();
        assert_eq!(
            found(&machine),
            "no PostgreSQL server for the tests: TENANTRY_TEST_DATABASE_URL is not set, \
             no folder holds initdb and postgres, command docker is not there; do one of these: \
             `apt-get install -y postgresql`, or `apt-get install -y docker.io`, or \
             `export TENANTRY_TEST_DATABASE_URL=postgresql://postgres:password@127.0.0.1:5432/postgres`"
        );
        assert!(find(&machine).unwrap_err().is_not_found());
        for (kind, missing) in [
            ("url", "TENANTRY_TEST_DATABASE_URL is not set"),
            ("local", "no folder holds initdb and postgres"),
            ("docker", "command docker is not there"),
        ] {
            machine.vars.insert("TENANTRY_TEST_SERVER", kind);
            let start = format!("no PostgreSQL server for the tests: {missing}; do one of these: `apt-get");
            assert!(found(&machine).starts_with(&start), "{}", found(&machine));
        }
    }
}
