//! Where a server listens and who its superuser is.

use std::fmt;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, Error as PgError, NoTls};

use super::error::{Result, Trouble};

/// How long one attempt to open a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
    /// The database to be in when no particular one is meant.
    pub(crate) home: String,
}

impl Address {
    /// Reads a URL, which errors call by this name. Of several hosts the first one counts.
    pub(crate) fn parse(called: &str, url: &str) -> Result<Self> {
        let expected = "expected postgresql://user:password@host:port/database";
        let config: Config = url
            .parse()
            .map_err(|source| Trouble::server(format!("{called} does not parse; {expected}"), source))?;
        let host = match config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(folder)) => folder.to_string_lossy().into_owned(),
            None => return Err(Trouble::config(format!("{called} names no host"))),
        };
        let user =
            config.get_user().ok_or_else(|| Trouble::config(format!("{called} names no user")))?.to_owned();
        let password = config.get_password().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        Ok(Self {
            host,
            port: config.get_ports().first().copied().unwrap_or(5432),
            password: password.unwrap_or_default(),
            home: config.get_dbname().unwrap_or("postgres").to_owned(),
            user,
        })
    }

    /// The same server as another role.
    pub(crate) fn login(&self, user: &str, password: &str) -> Self {
        Self { user: user.to_owned(), password: password.to_owned(), ..self.clone() }
    }

    pub(crate) fn url(&self, database: &str) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { percent(&self.host) };
        let password =
            if self.password.is_empty() { String::new() } else { format!(":{}", percent(&self.password)) };
        let (user, port, database) = (percent(&self.user), self.port, percent(database));
        format!("postgresql://{user}{password}@{host}:{port}/{database}")
    }

    /// Opens a connection and runs it on the caller's runtime until the client is dropped.
    pub(crate) async fn connect(&self, database: &str) -> Result<(Client, JoinHandle<()>), PgError> {
        let mut config = Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .user(&self.user)
            .password(&self.password)
            .dbname(database)
            .application_name("tenantry")
            .connect_timeout(CONNECT_TIMEOUT);
        let (client, connection) = config.connect(NoTls).await?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to a throwaway server ended");
            }
        });
        Ok((client, task))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{self}", self.user)
    }
}

/// Percent-encodes all but the characters that a URL reserves for nothing.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let hex = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value & 0xf)]);
            out.extend(['%', hex(byte >> 4), hex(byte)]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn a_url_survives_the_way_there_and_back() {
        for url in [
            "postgresql://postgres:s%40f%2Fe%3A@127.0.0.1:5433/my%20db",
            "postgresql://postgres@%2Fvar%2Frun%2Fpostgresql:5432/postgres",
        ] {
            let address = Address::parse("the URL", url).unwrap();
            assert_eq!(address.url(&address.home), url);
        }
    }

    #[test]
    fn debug_and_display_show_no_password() {
        let address = Address::parse("the URL", "postgresql://me:secret@db/x").unwrap();
        assert_eq!(format!("{address} {address:?}"), "db:5432 me@db:5432");
        assert_eq!(address.login("app", "p").url("y"), "postgresql://app:p@db:5432/y");
    }

    #[test]
    fn a_url_without_host_or_user_is_refused() {
        for (url, wrong) in [
            ("mysql:/x", "does not parse"),
            ("postgresql://me@", "no host"),
            ("postgresql://db/x", "no user"),
        ] {
            let error = Address::parse("the URL", url).unwrap_err().to_string();
            assert!(error.contains(wrong), "{url}: {error}");
        }
    }
}
