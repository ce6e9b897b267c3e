//! The parameters of a connection, from wherever they come.
//!
//! See [Parameter Key Words](https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS) and
//! [Environment Variables](https://www.postgresql.org/docs/current/libpq-envars.html).

use std::collections::BTreeMap;
use std::fmt;

use super::conninfo::{self, Pair};
use super::environment::Environment;
use super::service;
use crate::cli::failure::Failure;

/// A parameter that libpq knows, and the variable that stands in for it.
struct Keyword {
    name: &'static str,
    variable: Option<&'static str>,
    treatment: Treatment,
}

/// What this tool does with a parameter.
enum Treatment {
    /// It heeds it.
    Heeded,
    /// It has no bearing on what the tool does.
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
        // The tool speaks UTF-8, version 3.0 of the protocol, and not GSSAPI.
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
    Url(&'static str),
    Service,
    Variable(&'static str),
    PasswordFile,
}

/// The parameters of a connection.
pub(super) struct Settings {
    all: BTreeMap<&'static str, Setting>,
    /// What the connection string is called.
    url: &'static str,
}

impl Settings {
    /// The parameters of a connection string; what it leaves out, a service says, and what that leaves out, the environment.
    pub(super) fn gather(url: Option<&str>, environment: &Environment) -> Result<Self, Failure> {
        Self::gather_by(if url.is_some() { "--database-url" } else { "DATABASE_URL" }, url, environment)
    }

    /// The same of a connection string that is called something else.
    pub(super) fn gather_by(
        called: &'static str,
        url: Option<&str>,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let url = url.or_else(|| environment.get("DATABASE_URL")).unwrap_or_default();
        let mut settings = Self { all: BTreeMap::new(), url: called };
        settings.take(conninfo::parse(url, called)?, Origin::Url(called))?;
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

    /// Takes what is not there yet. Of two values from one origin the last counts; an empty one is none.
    fn take(&mut self, pairs: Vec<Pair>, origin: Origin) -> Result<(), Failure> {
        let mut taken = BTreeMap::new();
        for (name, value) in pairs {
            let Some(keyword) = KEYWORDS.iter().find(|keyword| keyword.name == name) else {
                return Err(unknown(&name, origin));
            };
            let name = keyword.name;
            match keyword.treatment {
                Treatment::Refused(harmless) if !harmless.contains(&value.as_str()) && !value.is_empty() => {
                    let of = Named { name, origin };
                    return Err(Failure::usage(format!("{of} is not supported; leave it out")));
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
    pub(super) fn with_password(mut self, value: String) -> Self {
        self.all.insert("password", Setting { value, origin: Origin::PasswordFile });
        self
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all.get(name).map(|setting| setting.value.as_str())
    }

    /// A parameter and where it comes from, for a message.
    pub(super) fn named(&self, name: &'static str) -> impl fmt::Display + use<> {
        let origin = self.all.get(name).map_or(Origin::Url(self.url), |setting| setting.origin);
        Named { name, origin }
    }

    /// One of several words.
    pub(super) fn one_of<T: Copy>(
        &self,
        name: &'static str,
        words: &[(&'static str, T)],
        default: T,
    ) -> Result<T, Failure> {
        let Some(value) = self.get(name) else { return Ok(default) };
        let found = words.iter().find(|(word, _)| *word == value);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            Failure::usage(format!("{} is not one of {}", self.named(name), words.join(", ")))
        })
    }

    /// A whole number.
    pub(super) fn number(&self, name: &'static str) -> Result<Option<i64>, Failure> {
        let number = self.get(name).map(|value| value.trim().parse());
        number.transpose().map_err(|_| Failure::usage(format!("{} is not a whole number", self.named(name))))
    }
}

struct Named {
    name: &'static str,
    origin: Origin,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Origin::Url(url) => write!(f, "{} of {url}", self.name),
            Origin::Service => write!(f, "{} of the service", self.name),
            Origin::Variable(variable) => f.write_str(variable),
            Origin::PasswordFile => f.write_str("--password-file"),
        }
    }
}

fn unknown(name: &str, origin: Origin) -> Failure {
    let place = match origin {
        Origin::Service => "the service",
        Origin::Url(of) | Origin::Variable(of) => of,
        Origin::PasswordFile => "--password-file",
    };
    let names: Vec<&str> = KEYWORDS.iter().map(|keyword| keyword.name).collect();
    let likeness = |known: &&&str| strsim::jaro_winkler(name, known);
    let best = names.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    let failure = Failure::usage(format!("{place} has parameter {name:?}, which libpq does not know"));
    match best.filter(|known| likeness(known) > 0.8) {
        Some(known) => failure.help(format!("did you mean {known}?")),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, Settings};

    fn gathered(url: Option<&str>, variables: &[&str]) -> Result<String, String> {
        let settings = Settings::gather(url, &Environment::of(variables)).map_err(|failure| failure.line)?;
        let pairs = settings.all.iter().map(|(name, setting)| format!("{name}={}", setting.value));
        Ok(pairs.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn the_argument_wins_over_the_url_and_that_over_the_variables() {
        let variables = &[
            "DATABASE_URL=postgresql://me@two/erp",
            "PGHOST=three",
            "PGPORT=5433",
            "PGUSER=you",
            "PGDATABASE=",
        ];
        let expected = Ok("host=one port=5433 user=you".to_owned());
        assert_eq!(gathered(Some("postgresql://one"), variables), expected);
        let expected = Ok("dbname=erp host=two port=5433 user=me".to_owned());
        assert_eq!(gathered(None, variables), expected);
        assert_eq!(gathered(None, &variables[1..]), Ok("host=three port=5433 user=you".to_owned()));
    }

    #[test]
    fn the_last_value_of_a_url_counts_and_an_empty_one_is_none() {
        assert_eq!(gathered(Some("host=a host=b"), &[]), Ok("host=b".to_owned()));
        assert_eq!(gathered(Some("host=''"), &["PGHOST=c"]), Ok("host=c".to_owned()));
    }

    #[test]
    fn what_is_not_supported_is_refused_and_what_does_not_matter_is_not() {
        for (url, variable, answer) in [
            ("requirepeer=postgres", "", Err("requirepeer of --database-url is not supported; leave it out")),
            ("", "PGREQUIREAUTH=scram-sha-256", Err("PGREQUIREAUTH is not supported; leave it out")),
            ("gssencmode=require", "", Err("gssencmode of --database-url is not supported; leave it out")),
            ("gssencmode=prefer", "PGCLIENTENCODING=LATIN1", Ok("")),
            ("pasword=hush", "", Err("--database-url has parameter \"pasword\", which libpq does not know")),
        ] {
            let answer = answer.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(gathered(Some(url), &[variable]), answer, "{url} {variable}");
        }
        let by_variable = Settings::gather(None, &Environment::of(&["DATABASE_URL=hush"])).err().unwrap();
        assert!(by_variable.line.starts_with("DATABASE_URL does not read: "), "{by_variable:?}");
        let failure = Settings::gather(Some("pasword=hush"), &Environment::of(&[])).err().unwrap();
        assert_eq!(failure.help.as_deref(), Some("did you mean password?"));
        for (url, line) in [
            ("hush", "--server does not read: it is neither a URL"),
            ("pasword=hush", "--server has parameter \"pasword\""),
            ("requirepeer=x", "requirepeer of --server is not supported"),
        ] {
            let failure = Settings::gather_by("--server", Some(url), &Environment::of(&[])).err().unwrap();
            assert!(failure.line.starts_with(line), "{failure:?}");
        }
    }
}
