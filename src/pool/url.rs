//! The database URL: libpq's options, with the meaning that libpq gives them.
//!
//! They come from a URL, or have been gathered from a URL and the environment.
//!
//! See [Parameter Key Words](https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS).
//! The driver reads user, password, hosts and database, and the options that mean the same to it.
//! What is left is settled here. No error quotes a value, which may be a secret, nor anything that may
//! be a piece of a password in which a character is not encoded.

mod option;
mod text;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tracing::warn;

use self::option::{Treatment, treatment};
use self::text::{Pair, encode};
use crate::conninfo::{self, SSL_MODES, SslMode};
use crate::error::{Error, Kind, Result};
use crate::passfile::{self, Login};
use crate::wire::Connector;

/// Reads a URL, or `key=value` pairs, for connections by this connector.
pub(super) fn read(url: &str, connector: &Connector) -> Result<(Config, Connector)> {
    let (head, pairs) = text::split(url)?;
    let mut options = Options::default();
    for Pair { name, value } in pairs.into_iter().filter(|pair| !pair.value.is_empty()) {
        options.take(&name, value, &format!("option {name} of the database URL"))?;
    }
    options.finish(head, connector)
}

/// Options that were gathered from several places.
#[derive(Clone, Default)]
pub(super) struct Gathered {
    pub(super) options: Vec<Gained>,
    /// The password file that is the user's own, if no other is named.
    pub(super) own_passfile: Option<PathBuf>,
    /// The user's own folder.
    pub(super) home: Option<PathBuf>,
}

/// An option that was gathered, and what errors call it.
#[derive(Clone)]
pub(super) struct Gained {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) named: String,
}

impl std::fmt::Debug for Gathered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.options.iter().map(|option| &option.named)).finish()
    }
}

impl Gathered {
    /// Reads them for connections by this connector.
    pub(super) fn read(self, connector: &Connector) -> Result<(Config, Connector)> {
        let Self { options: gained, own_passfile, home } = self;
        let mut options = Options { own_passfile, home, origin: Origin::Environment, ..Options::default() };
        for Gained { name, value, named } in gained {
            if name == "port" && !value.split(',').all(|port| port.is_empty() || is_port(port)) {
                return Err(Error::config(format!("{named} is not a port; expected 1 to 65535")));
            }
            options.take(name, value, &named)?;
        }
        options.finish("", connector)
    }
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Refuses an option that there is not, with the advice for what other drivers have in their URLs.
pub(super) fn check_name(name: &str) -> Result<()> {
    treatment(name).map(drop)
}

/// Where options come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Origin {
    #[default]
    Url,
    Environment,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Url => "the database URL",
            Self::Environment => "the environment",
        })
    }
}

/// What the options of a URL say.
#[derive(Default)]
struct Options {
    origin: Origin,
    /// What the driver shall read, encoded.
    kept: Vec<String>,
    ssl_mode: Option<SslMode>,
    /// Whether the operating system's authorities are to be trusted, for a certificate with the host's name.
    system_roots: bool,
    /// Those that the TLS connector has to heed.
    tls: Vec<&'static str>,
    /// The same with what they say.
    tls_pairs: Vec<conninfo::Pair>,
    /// Where the user's own files are, if they count.
    #[cfg_attr(not(feature = "rustls"), allow(dead_code))]
    home: Option<PathBuf>,
    prefers_standby: bool,
    application_name: Option<String>,
    tcp_user_timeout: Option<Duration>,
    passfile: Option<String>,
    own_passfile: Option<PathBuf>,
}

impl SslMode {
    fn as_str(self) -> &'static str {
        SSL_MODES.iter().find(|(_, mode)| *mode == self).map_or("", |(word, _)| word)
    }

    /// What the driver calls it, or the next stronger one that it knows.
    fn for_the_driver(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow | Self::Prefer => "prefer",
            Self::Require | Self::VerifyCa | Self::VerifyFull => "require",
        }
    }
}

impl Options {
    /// Has the driver and the connector heed them.
    fn finish(mut self, head: &str, connector: &Connector) -> Result<(Config, Connector)> {
        self.check_tls(connector)?;
        let mut connector = match self.own_connector(connector)? {
            Some(own) => own,
            None => connector.clone(),
        };
        if self.prefers_standby {
            connector = connector.standby_first();
        }
        Ok((self.config(head)?, connector))
    }

    /// Takes an option, which errors call `named`.
    fn take(&mut self, name: &str, value: String, named: &str) -> Result<()> {
        match treatment(name)? {
            Treatment::Driver => self.keep(name, &value),
            Treatment::As(other) => self.keep(other, &value),
            Treatment::Tls(name) => self.keep_tls(name, value),
            Treatment::NoMatter => {}
            Treatment::NoEffect => warn!("{named} has no effect"),
            Treatment::OneOf(words) => {
                one_of(named, &value, &words.iter().map(|word| (*word, ())).collect::<Vec<_>>())?;
            }
            Treatment::Settled => self.settle(name, value, named)?,
        }
        Ok(())
    }

    /// Keeps an option for the TLS connector.
    fn keep_tls(&mut self, name: &'static str, value: String) {
        self.tls.push(name);
        self.tls_pairs.push((name.to_owned(), value));
    }

    /// Passes an option on to the driver, which takes one host at a time.
    fn keep(&mut self, name: &str, value: &str) {
        if name == "host" {
            self.kept.extend(value.split(',').map(|host| format!("host={}", encode(host))));
        } else {
            self.kept.push(format!("{name}={}", encode(value)));
        }
    }

    fn settle(&mut self, name: &str, value: String, named: &str) -> Result<()> {
        match name {
            "sslmode" => {
                self.ssl_mode = Some(one_of(named, &value, SSL_MODES)?);
            }
            // JDBC's way to say it, which libpq takes in this one form.
            "ssl" => self.ssl_mode = Some(one_of(named, &value, &[("true", SslMode::Require)])?),
            // libpq's before there was sslmode.
            "requiressl" => {
                let words = [("0", self.ssl_mode), ("1", Some(SslMode::Require))];
                self.ssl_mode = one_of(named, &value, &words)?;
            }
            "sslrootcert" => {
                self.system_roots = value == "system";
                self.keep_tls("sslrootcert", value);
            }
            "target_session_attrs" => {
                let words = [
                    ("any", ("any", false)),
                    ("read-write", ("read-write", false)),
                    ("read-only", ("read-only", false)),
                    // By whether a session can write, as the driver cannot ask for more.
                    ("primary", ("read-write", false)),
                    ("standby", ("read-only", false)),
                    ("prefer-standby", ("any", true)),
                ];
                let (word, prefers_standby) = one_of(named, &value, &words)?;
                self.prefers_standby = prefers_standby;
                self.keep(name, word);
            }
            "fallback_application_name" => self.application_name = Some(value),
            "tcp_user_timeout" => {
                // In milliseconds, which the driver takes for seconds.
                let limit = value.trim().parse::<i32>().map_err(|_| not_a_number(named))?;
                self.tcp_user_timeout =
                    u64::try_from(limit).ok().filter(|limit| *limit > 0).map(Duration::from_millis);
            }
            "client_encoding" => {
                let value = value.to_ascii_lowercase();
                one_of(named, &value, &[("utf8", ()), ("utf-8", ()), ("unicode", ()), ("auto", ())])?;
            }
            _ => self.passfile = Some(value),
        }
        Ok(())
    }

    /// The TLS connector that these options ask for, if that is left to them.
    #[cfg(feature = "rustls")]
    fn own_connector(&mut self, connector: &Connector) -> Result<Option<Connector>> {
        use crate::conninfo::{Environment, Settings, tls};

        if !connector.is_by_settings() {
            return Ok(None);
        }
        let mode = self.ssl_mode.unwrap_or(SslMode::Prefer);
        if mode == SslMode::Disable {
            return Ok(Some(Connector::default()));
        }
        let environment = Environment::at_home(self.home.take());
        let mut pairs = std::mem::take(&mut self.tls_pairs);
        pairs.push(("sslmode".to_owned(), mode.as_str().to_owned()));
        let settings = Settings::gather(self.origin.to_string(), pairs, &environment)?;
        Ok(Some(Connector::new(tls::connector(mode, &settings, &environment)?)))
    }

    #[cfg(not(feature = "rustls"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "it is as with the feature")]
    fn own_connector(&self, _: &Connector) -> Result<Option<Connector>> {
        Ok(None)
    }

    /// Sees to it that the connection is encrypted and verified no less than the URL asks for.
    fn check_tls(&mut self, connector: &Connector) -> Result<()> {
        let has_tls = connector.has_tls();
        let origin = self.origin;
        if self.system_roots {
            match *self.ssl_mode.get_or_insert(SslMode::VerifyFull) {
                SslMode::VerifyFull => {}
                mode => {
                    return Err(Error::config(format!(
                        "sslmode={} of {origin} is too weak for sslrootcert=system; anybody can have a certificate of a public authority, so use verify-full",
                        mode.as_str()
                    )));
                }
            }
        }
        let mode = self.ssl_mode.unwrap_or(SslMode::Prefer);
        let asks = !matches!(mode, SslMode::Disable | SslMode::Allow);
        if let (Some(name), true, false) = (self.tls.first(), asks, has_tls) {
            return Err(Error::config(format!(
                "option {name} of {origin} needs a TLS connector; set one that heeds it with TenantPoolBuilder::tls"
            )));
        }
        if mode.verifies() && !has_tls {
            return Err(Error::config(format!(
                "sslmode={} of {origin} needs a TLS connector; set one that verifies with TenantPoolBuilder::tls",
                mode.as_str()
            )));
        }
        let is_given = !connector.is_by_settings();
        for name in self.tls.iter().filter(|_| is_given) {
            warn!("option {name} of {origin} is up to the TLS connector, which has to heed it");
        }
        if mode.verifies() && is_given {
            warn!(
                "sslmode={} of {origin} is up to the TLS connector, which has to verify the certificate",
                mode.as_str()
            );
        }
        if let Some(mode) = self.ssl_mode {
            self.keep("sslmode", mode.for_the_driver());
        }
        Ok(())
    }

    /// Has the driver read what it can, and adds what it cannot.
    fn config(self, head: &str) -> Result<Config> {
        let origin = self.origin;
        let text = format!("postgresql://{head}?{}", self.kept.join("&"));
        let mut config: Config = text.parse().map_err(|error| Error::from(Kind::Url(error)))?;
        let (hosts, addresses, ports) =
            (config.get_hosts().len(), config.get_hostaddrs().len(), config.get_ports().len());
        if hosts + addresses == 0 {
            return Err(Error::config(match origin {
                Origin::Url => {
                    "the database URL names no host; expected postgresql://user@host:port/database"
                }
                Origin::Environment => "the environment names no host; set DATABASE_URL or PGHOST",
            }));
        }
        if hosts * addresses > 0 && hosts != addresses {
            return Err(Error::config(format!(
                "host and hostaddr of {origin} name {hosts} and {addresses} servers; name as many in both"
            )));
        }
        if ports > 1 && ports != hosts.max(addresses) {
            return Err(Error::config(format!(
                "{origin} has {ports} ports for {} hosts; give one for all, or one for each",
                hosts.max(addresses)
            )));
        }
        if let (None, Some(name)) = (config.get_application_name(), self.application_name) {
            config.application_name(name);
        }
        if let Some(limit) = self.tcp_user_timeout {
            config.tcp_user_timeout(limit);
        }
        if let (None, Some(path)) = (config.get_password(), self.passfile) {
            take_password(&mut config, Path::new(&path), origin)?;
        } else if let (None, Some(path)) = (config.get_password(), self.own_passfile)
            && config.get_user().is_some()
            && path.exists()
            && let Err(why) = take_password(&mut config, &path, origin)
        {
            warn!("{why}");
        }
        Ok(config)
    }
}

/// Takes the password of the first host from a file.
fn take_password(config: &mut Config, path: &Path, origin: Origin) -> Result<()> {
    let Some(user) = config.get_user() else {
        return Err(Error::config(format!("option passfile of {origin} needs a user there")));
    };
    let host = match (config.get_hosts().first(), config.get_hostaddrs().first()) {
        (Some(Host::Tcp(name)), _) => name.clone(),
        #[cfg(unix)]
        (Some(Host::Unix(folder)), _) if folder == Path::new("/var/run/postgresql") => "localhost".to_owned(),
        #[cfg(unix)]
        (Some(Host::Unix(folder)), _) => folder.display().to_string(),
        (None, address) => address.map(ToString::to_string).unwrap_or_default(),
    };
    let login = Login {
        host: &host,
        port: config.get_ports().first().copied().unwrap_or(5432),
        database: config.get_dbname().unwrap_or(user),
        user,
    };
    match passfile::read(path) {
        Ok(text) => {
            let password = text.and_then(|text| passfile::find(&text, &login));
            if let Some(password) = password {
                config.password(password);
            } else {
                warn!("the passfile of {origin} is not there or has no line for its server");
            }
            Ok(())
        }
        Err(why) => Err(Error::config(why)),
    }
}

/// One of several words.
fn one_of<T: Copy>(named: &str, value: &str, words: &[(&str, T)]) -> Result<T> {
    let found = words.iter().find(|(word, _)| *word == value);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Error::config(format!("{named} has another value than {}, which are supported", words.join(", ")))
    })
}

fn not_a_number(named: &str) -> Error {
    Error::config(format!("{named} is not a whole number"))
}

#[cfg(test)]
mod tests;
