//! The parameters of a connection, from wherever they come.
//!
//! See [Parameter Key Words](https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS) and
//! [Environment Variables](https://www.postgresql.org/docs/current/libpq-envars.html).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::{Environment, Pair, Unfit, service};

/// A parameter that libpq knows, and the variable that stands in for it.
struct Keyword {
    name: &'static str,
    variable: Option<&'static str>,
    treatment: Treatment,
}

/// What becomes of a parameter.
enum Treatment {
    /// It heeds it.
    Heeded,
    /// It has no bearing on anything.
    NoMatter,
    /// It would have to heed it, and does not, unless it says one of these.
    Refused(&'static [&'static str]),
}

const fn keyword(name: &'static str, variable: &'static str, treatment: Treatment) -> Keyword {
    let variable = if variable.is_empty() { None } else { Some(variable) };
    Keyword { name, variable, treatment }
}

const KEYWORDS: &[Keyword] = {
    use Treatment::{Heeded, NoMatter, Refused};
    &[
        keyword("host", "PGHOST", Heeded),
        keyword("hostaddr", "PGHOSTADDR", Heeded),
        keyword("port", "PGPORT", Heeded),
        keyword("dbname", "PGDATABASE", Heeded),
        keyword("user", "PGUSER", Heeded),
        keyword("password", "PGPASSWORD", Heeded),
        keyword("passfile", "PGPASSFILE", Heeded),
        keyword("service", "PGSERVICE", Heeded),
        keyword("servicefile", "PGSERVICEFILE", Heeded),
        keyword("connect_timeout", "PGCONNECT_TIMEOUT", Heeded),
        keyword("options", "PGOPTIONS", Heeded),
        keyword("application_name", "PGAPPNAME", Heeded),
        keyword("fallback_application_name", "", Heeded),
        keyword("target_session_attrs", "PGTARGETSESSIONATTRS", Heeded),
        keyword("load_balance_hosts", "PGLOADBALANCEHOSTS", Heeded),
        keyword("channel_binding", "PGCHANNELBINDING", Heeded),
        keyword("sslmode", "PGSSLMODE", Heeded),
        keyword("sslnegotiation", "PGSSLNEGOTIATION", Heeded),
        keyword("sslrootcert", "PGSSLROOTCERT", Heeded),
        keyword("sslcrl", "PGSSLCRL", Heeded),
        keyword("sslcert", "PGSSLCERT", Heeded),
        keyword("sslkey", "PGSSLKEY", Heeded),
        keyword("sslsni", "PGSSLSNI", Heeded),
        keyword("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", Heeded),
        keyword("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", Heeded),
        keyword("keepalives", "", Heeded),
        keyword("keepalives_idle", "", Heeded),
        keyword("keepalives_interval", "", Heeded),
        keyword("keepalives_count", "", Heeded),
        // What the driver, tokio-postgres, calls it.
        keyword("keepalives_retries", "", Heeded),
        keyword("tcp_user_timeout", "", Heeded),
        // Spoken are UTF-8, version 3.0 of the protocol, and not GSSAPI.
        keyword("client_encoding", "PGCLIENTENCODING", NoMatter),
        keyword("min_protocol_version", "PGMINPROTOCOLVERSION", Refused(&["3.0"])),
        keyword("max_protocol_version", "PGMAXPROTOCOLVERSION", NoMatter),
        keyword("gssencmode", "PGGSSENCMODE", Refused(&["disable", "prefer"])),
        keyword("gsslib", "PGGSSLIB", NoMatter),
        keyword("gssdelegation", "PGGSSDELEGATION", NoMatter),
        keyword("krbsrvname", "PGKRBSRVNAME", NoMatter),
        keyword("sslcompression", "PGSSLCOMPRESSION", NoMatter),
        keyword("sslcertmode", "PGSSLCERTMODE", Refused(&["allow"])),
        keyword("sslcrldir", "PGSSLCRLDIR", Refused(&[])),
        keyword("sslpassword", "", Refused(&[])),
        keyword("sslkeylogfile", "", Refused(&[])),
        keyword("requirepeer", "PGREQUIREPEER", Refused(&[])),
        keyword("require_auth", "PGREQUIREAUTH", Refused(&[])),
        keyword("replication", "", Refused(&["false", "off", "no", "0"])),
        keyword("scram_client_key", "", Refused(&[])),
        keyword("scram_server_key", "", Refused(&[])),
    ]
};

/// What a parameter says and who says it.
struct Setting {
    value: String,
    origin: Origin,
}

#[derive(Clone, Copy)]
enum Origin {
    Url,
    Service,
    Variable(&'static str),
    #[cfg_attr(not(feature = "cli"), allow(dead_code))]
    PasswordFile,
}

/// The parameters of a connection.
pub(crate) struct Settings {
    all: BTreeMap<&'static str, Setting>,
    /// What the connection string is called.
    url: Cow<'static, str>,
}

impl Settings {
    /// Those of a connection string, which is called so; what it leaves out, a service says, and what that leaves out, the
    /// environment.
    pub(crate) fn gather(
        called: impl Into<Cow<'static, str>>,
        pairs: Vec<Pair>,
        environment: &Environment,
    ) -> Result<Self, Unfit> {
        let mut settings = Self { all: BTreeMap::new(), url: called.into() };
        settings.take(pairs, Origin::Url)?;
        let named = settings.get("service").or_else(|| environment.get("PGSERVICE")).map(str::to_owned);
        if let Some(name) = named {
            let file = settings.get("servicefile").or_else(|| environment.get("PGSERVICEFILE"));
            let pairs = service::read(&name, file, environment)?;
            settings.take(pairs, Origin::Service)?;
        }
        for Keyword { name, variable, .. } in KEYWORDS {
            if let Some(variable) = variable
                && let Some(value) = environment.get(variable)
            {
                settings.take(vec![((*name).to_owned(), value.to_owned())], Origin::Variable(variable))?;
            }
        }
        Ok(settings)
    }

    /// The variables that stand in for parameters.
    pub(super) fn variables() -> impl Iterator<Item = &'static str> {
        KEYWORDS.iter().filter_map(|keyword| keyword.variable)
    }

    /// All of them: name, value, and where it comes from, for a message.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &str, String)> {
        self.all.iter().map(|(name, setting)| (*name, &*setting.value, self.named(name).to_string()))
    }

    /// Takes what is not there yet. Of two values from one origin the last counts; an empty one is none.
    fn take(&mut self, pairs: Vec<Pair>, origin: Origin) -> Result<(), Unfit> {
        let mut taken = BTreeMap::new();
        for (name, value) in pairs {
            let Some(keyword) = KEYWORDS.iter().find(|keyword| keyword.name == name) else {
                return Err(unknown(&name, &self.place(origin)));
            };
            let name = keyword.name;
            match keyword.treatment {
                Treatment::Refused(harmless) if !harmless.contains(&value.as_str()) && !value.is_empty() => {
                    let of = Named { name, origin, url: &self.url };
                    return Err(Unfit::new(format!("{of} is not supported; leave it out")));
                }
                Treatment::Heeded => {
                    taken.insert(name, value);
                }
                _ => {}
            }
        }
        for (name, value) in taken.into_iter().filter(|(_, value)| !value.is_empty()) {
            self.all.entry(name).or_insert(Setting { value, origin });
        }
        Ok(())
    }

    /// Puts the password of a file before every other.
    #[cfg_attr(not(feature = "cli"), allow(dead_code))]
    pub(crate) fn with_password(mut self, value: String) -> Self {
        self.all.insert("password", Setting { value, origin: Origin::PasswordFile });
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all.get(name).map(|setting| setting.value.as_str())
    }

    /// A parameter and where it comes from, for a message.
    pub(crate) fn named(&self, name: &'static str) -> impl fmt::Display {
        let origin = self.all.get(name).map_or(Origin::Url, |setting| setting.origin);
        Named { name, origin, url: &self.url }
    }

    fn place(&self, origin: Origin) -> Cow<'static, str> {
        match origin {
            Origin::Url => self.url.clone(),
            Origin::Service => "the service".into(),
            Origin::Variable(variable) => variable.into(),
            Origin::PasswordFile => "--password-file".into(),
        }
    }

    /// One of several words.
    #[cfg_attr(not(feature = "rustls"), allow(dead_code))]
    pub(crate) fn one_of<T: Copy>(
        &self,
        name: &'static str,
        words: &[(&'static str, T)],
        default: T,
    ) -> Result<T, Unfit> {
        let Some(value) = self.get(name) else { return Ok(default) };
        let found = words.iter().find(|(word, _)| *word == value);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Unfit::new(format!("{} is not one of {}", self.named(name), words.join(", ")))
        })
    }

    /// A whole number.
    #[cfg_attr(not(feature = "cli"), allow(dead_code))]
    pub(crate) fn number(&self, name: &'static str) -> Result<Option<i64>, Unfit> {
        let number = self.get(name).map(|value| value.trim().parse());
        number.transpose().map_err(|_| Unfit::new(format!("{} is not a whole number", self.named(name))))
    }
}

struct Named<'a> {
    name: &'static str,
    origin: Origin,
    url: &'a str,
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Origin::Url => write!(f, "{} of {}", self.name, self.url),
            Origin::Service => write!(f, "{} of the service", self.name),
            Origin::Variable(variable) => f.write_str(variable),
            Origin::PasswordFile => f.write_str("--password-file"),
        }
    }
}

fn unknown(name: &str, place: &str) -> Unfit {
    let unfit = Unfit::new(format!("{place} has parameter {name:?}, which libpq does not know"));
    match like(name) {
        Some(known) => unfit.help(format!("did you mean {known}?")),
        None => unfit,
    }
}

/// The parameter that may be meant.
#[cfg(feature = "lint")]
fn like(name: &str) -> Option<&'static str> {
    let likeness = |known: &&str| strsim::jaro_winkler(name, known);
    let names = KEYWORDS.iter().map(|keyword| keyword.name);
    let best = names.max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    best.filter(|known| likeness(known) > 0.8)
}

#[cfg(not(feature = "lint"))]
fn like(_: &str) -> Option<&'static str> {
    None
}
