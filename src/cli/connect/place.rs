//! Where the server is: the hosts that are tried, one after the other.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;
use crate::conninfo::Settings;

/// Where servers have their sockets: Debian's and its like, and PostgreSQL's own.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// One server that may be the one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) host: Host,
    pub(super) port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// The folder of a Unix socket.
    Socket(PathBuf),
    /// A host by its name; an address where it is known already.
    Name(String, Option<IpAddr>),
}

impl Place {
    /// The places that the parameters name, in order. `is_there` looks for a socket's file.
    pub(super) fn all(settings: &Settings, is_there: impl Fn(&Path) -> bool) -> Result<Vec<Self>, Failure> {
        let list = |name| settings.get(name).map(|value| value.split(',').map(str::trim).collect::<Vec<_>>());
        let (hosts, addresses) = (list("host"), list("hostaddr"));
        let count = hosts.as_ref().or(addresses.as_ref()).map_or(1, Vec::len);
        if let (Some(hosts), Some(addresses)) = (&hosts, &addresses)
            && hosts.len() != addresses.len()
        {
            return Err(Failure::usage(format!(
                "{} names {} and {} names {}; expected as many",
                settings.named("host"),
                hosts.len(),
                settings.named("hostaddr"),
                addresses.len()
            )));
        }
        let ports = list("port").unwrap_or_else(|| vec![""]);
        if ports.len() != 1 && ports.len() != count {
            return Err(Failure::usage(format!(
                "{} names {} ports for {count} hosts; expected one, or one for each",
                settings.named("port"),
                ports.len()
            )));
        }
        let place = |at: usize| {
            let port = ports.get(at).unwrap_or(&ports[0]);
            let port = if port.is_empty() { Ok(5432) } else { port.parse() };
            let Some(port) = port.ok().filter(|port| *port > 0) else {
                let named = settings.named("port");
                return Err(Failure::usage(format!("{named} is not a port; expected 1 to 65535")));
            };
            let nth = |list: &Option<Vec<&str>>| {
                let one = list.as_ref().and_then(|list| list.get(at)).copied().unwrap_or_default();
                (!one.is_empty()).then(|| one.to_owned())
            };
            let address = nth(&addresses).map(|address| address.parse::<IpAddr>()).transpose();
            let address = address.map_err(|_| {
                Failure::usage(format!("{} is not an IP address", settings.named("hostaddr")))
            })?;
            let host = match (nth(&hosts), address) {
                (Some(host), None) if host.starts_with('/') => Host::Socket(host.into()),
                (Some(host), address) => Host::Name(host, address),
                (None, Some(address)) => Host::Name(address.to_string(), Some(address)),
                (None, None) => default(port, &is_there),
            };
            Ok(Self { host, port })
        };
        (0..count).map(place).collect()
    }

    /// What the password file calls the host.
    pub(super) fn in_passfile(&self) -> &str {
        match &self.host {
            Host::Name(name, _) => name,
            Host::Socket(folder) => match folder.to_str() {
                Some(folder) if !SOCKET_FOLDERS.contains(&folder) => folder,
                _ => "localhost",
            },
        }
    }
}

/// The socket of a server on this machine, or the machine itself where there is none.
fn default(port: u16, is_there: impl Fn(&Path) -> bool) -> Host {
    let folders = SOCKET_FOLDERS.map(PathBuf::from).into_iter();
    let found = folders.filter(|_| cfg!(unix)).find(|folder| is_there(&socket(folder, port)));
    found.map_or_else(|| Host::Name("localhost".to_owned(), None), Host::Socket)
}

fn socket(folder: &Path, port: u16) -> PathBuf {
    folder.join(format!(".s.PGSQL.{port}"))
}

/// As a message names it: `localhost:5432`, `[::1]:5432`, or the path of the socket.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Socket(folder) => write!(f, "socket {}", socket(folder, self.port).display()),
            Host::Name(name, _) if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            Host::Name(name, _) => write!(f, "{name}:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;
    use crate::cli::connect::gather::gather;
    use crate::conninfo::Environment;

    fn places(url: &str, sockets: &[&str]) -> Result<String, String> {
        let settings = gather(Some(url), &Environment::of(&[])).map_err(|failure| failure.line)?;
        let places = Place::all(&settings, |path| sockets.iter().any(|socket| path.ends_with(socket)));
        let shown = |place: &Place| format!("{place} ({})", place.in_passfile());
        places
            .map(|places| places.iter().map(shown).collect::<Vec<_>>().join(", "))
            .map_err(|failure| failure.line)
    }

    #[test]
    fn the_places_are_those_that_libpq_tries() {
        let tmp = "/tmp/.s.PGSQL.5432";
        let debian = "/var/run/postgresql/.s.PGSQL.5432";
        for (url, sockets, expected) in [
            ("", vec![], "localhost:5432 (localhost)"),
            ("", vec![tmp], "socket /tmp/.s.PGSQL.5432 (localhost)"),
            ("", vec![tmp, debian], "socket /var/run/postgresql/.s.PGSQL.5432 (localhost)"),
            ("port=5433", vec![tmp], "localhost:5433 (localhost)"),
            ("host=/run/pg port=1", vec![], "socket /run/pg/.s.PGSQL.1 (/run/pg)"),
            ("host=/tmp", vec![], "socket /tmp/.s.PGSQL.5432 (localhost)"),
            ("host=a,b port=1,2", vec![], "a:1 (a), b:2 (b)"),
            ("host=a,,c port=1", vec![], "a:1 (a), localhost:1 (localhost), c:1 (c)"),
            ("host=a,b port=,2", vec![], "a:5432 (a), b:2 (b)"),
            ("hostaddr=::1", vec![], "[::1]:5432 (::1)"),
            ("host=db hostaddr=10.0.0.1", vec![], "db:5432 (db)"),
        ] {
            assert_eq!(places(url, &sockets), Ok(expected.to_owned()), "{url}");
        }
    }

    #[test]
    fn what_does_not_add_up_is_refused() {
        for (url, why) in [
            ("host=a,b port=1,2,3", "names 3 ports for 2 hosts"),
            ("host=a,b hostaddr=10.0.0.1", "names 2 and hostaddr"),
            ("host=a port=x", "is not a port"),
            ("host=a port=0", "is not a port"),
            ("host=a port=65536", "is not a port"),
            ("hostaddr=db", "is not an IP address"),
        ] {
            let error = places(url, &[]).unwrap_err();
            assert!(error.contains(why), "{url}: {error}");
        }
    }
}
