//! Why there is no connection, in words.

use std::error::Error as StdError;
use std::io;

use tokio_postgres::Error as PgError;
use tokio_postgres::error::SqlState;

use super::fault::Fault;
use super::reason::reason;
use super::{Error, Kind};

const HOST_AND_PORT: &str = "check host and port, and that the server listens there";

impl Error {
    /// Whether the server takes the role or its password for wrong.
    pub(crate) fn is_login_refused(&self) -> bool {
        self.code().is_some_and(|code| {
            *code == SqlState::INVALID_PASSWORD || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        })
    }

    /// Whether no connection can be had at the moment, and perhaps soon: nobody listens, or the server starts,
    /// stops or is full.
    pub(crate) fn is_server_unready(&self) -> bool {
        // Who stops resets those that it has not accepted yet.
        let closed = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset)
        };
        match self.kind() {
            // A server makes the file of its socket when it starts.
            Kind::Socket(error) => closed(error) || error.kind() == io::ErrorKind::NotFound,
            Kind::Connect { source, .. } if io_source(source).is_some_and(closed) => true,
            _ => self.code().is_some_and(|code| {
                *code == SqlState::TOO_MANY_CONNECTIONS || *code == SqlState::CANNOT_CONNECT_NOW
            }),
        }
    }
}

/// The error of the socket behind one of the driver's.
fn io_source(error: &PgError) -> Option<&io::Error> {
    std::error::Error::source(error)?.downcast_ref()
}

/// Why no connection came about, and what to do about it. `plain` if it was tried without TLS.
pub(super) fn connect_reason(error: &PgError, plain: bool) -> String {
    let source = error.source();
    if let Some(Refusal(why)) = source.and_then(|source| source.downcast_ref()) {
        return (*why).to_owned();
    }
    let io = source.and_then(|source| source.downcast_ref::<io::Error>());
    match (Fault::of(error), io) {
        (Fault::Server(db), _)
            if plain && db.code().code() == "28000" && db.routine() == Some("ClientAuthentication") =>
        {
            "pg_hba.conf lets this role in from here not without TLS, or not at all (SQLSTATE 28000); for TLS set a connector with TenantPoolBuilder::tls, and sslmode=require in the URL".to_owned()
        }
        // The server itself said no, and why.
        (Fault::Server(_), _) => reason(error),
        (Fault::Closed, _) => {
            "the server closed the connection before it let the role in; check that it is PostgreSQL or a pooler, and its log".to_owned()
        }
        (Fault::Tls, _) => match Distrust::told_by(error) {
            Some(distrust) => format!("{}; {}", distrust.words(), distrust.advice()),
            None => format!(
                "TLS failed, {}; check the server's ssl settings, or connect without with sslmode=disable",
                io.map_or_else(|| "see its source".to_owned(), |io| io.kind().to_string())
            ),
        },
        (Fault::Connect, Some(io)) if host_is_not_found(io) => {
            format!(
                "{HOST_NOT_FOUND}; check the host in the URL, and that @, : and / in its password are percent-encoded"
            )
        }
        (Fault::Connect, Some(io)) => match unsuited(io) {
            Some(why) => why.to_owned(),
            None => format!("{}; {HOST_AND_PORT}", io.kind()),
        },
        (Fault::Config | Fault::Authentication, _) => {
            let told = source.map(ToString::to_string).unwrap_or_default();
            match authentication(&told) {
                Some(why) => why.to_owned(),
                None => "the driver did not take the configuration or the server's authentication, see its source".to_owned(),
            }
        }
        _ => format!("{}; {HOST_AND_PORT}", reason(error)),
    }
}

pub(crate) const HOST_NOT_FOUND: &str = "the name of the host is not known";

/// Whether the resolver has failed. The standard library gives that no kind of its own.
pub(crate) fn host_is_not_found(error: &io::Error) -> bool {
    error.to_string().starts_with("failed to lookup address information")
}

/// The driver says with an error of the socket's that a server is not one of those asked for.
fn unsuited(error: &io::Error) -> Option<&'static str> {
    if error.kind() != io::ErrorKind::PermissionDenied {
        return None;
    }
    match &*error.to_string() {
        "database does not allow writes" => Some(NO_WRITES),
        "database is not read only" => Some(NOT_READ_ONLY),
        _ => None,
    }
}

/// Why a standby is not taken.
pub(crate) const NO_WRITES: &str = "it takes no writes, a standby for one, and target_session_attrs asks for a server that does; name the primary among the hosts, or leave target_session_attrs out";

/// Why a primary is not taken.
pub(crate) const NOT_READ_ONLY: &str = "it takes writes, and target_session_attrs asks for a server that does not; name a standby among the hosts, or leave target_session_attrs out";

fn authentication(told: &str) -> Option<&'static str> {
    Some(match told {
        "password missing" => {
            "the server asks for a password, and the URL has none; add it, or name a passfile"
        }
        "server did not use channel binding" | "server does not use channel binding" => {
            "channel_binding=require, and the server binds nothing to the channel; it needs TLS, and SCRAM"
        }
        "unsupported authentication method" | "unsupported SASL mechanism" => {
            "the server asks for an authentication that the driver does not speak; give the role scram-sha-256, md5 or cert in pg_hba.conf"
        }
        _ if told.starts_with("number of hosts") => "host and hostaddr name a different number of servers",
        "invalid number of ports" => "port names neither one port nor one for each host",
        _ => return None,
    })
}

/// What a client has against a server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// Nobody whom it trusts has signed it.
    Issuer,
    /// It is for other hosts.
    Name,
    /// Anything else: it has run out, for one.
    Certificate,
}

impl Distrust {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Issuer => "no authority that is trusted signed its certificate",
            Self::Name => "its certificate has other names",
            Self::Certificate => "its certificate is not in order",
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Issuer => "add the authority that did to the TLS connector",
            Self::Name => "connect by a name that the certificate has",
            Self::Certificate => "renew it on the server; the source says what is wrong",
        }
    }

    /// Whichever TLS connector the caller has given: as rustls and OpenSSL say it.
    fn told_by(error: &PgError) -> Option<Self> {
        let mut told = String::new();
        let mut next = error.source();
        while let Some(source) = next {
            told.push_str(&source.to_string().to_ascii_lowercase());
            next = source.source();
        }
        let says = |words: &[&str]| words.iter().any(|words| told.contains(words));
        if !says(&["certificate"]) {
            return None;
        }
        Some(
            if says(&["not valid for name", "notvalidforname", "hostname mismatch", "ip address mismatch"]) {
                Self::Name
            } else if says(&[
                "unknownissuer",
                "badsignature",
                "self-signed",
                "self signed",
                "issuer certificate",
                "not trusted",
            ]) {
                Self::Issuer
            } else if says(&["invalid peer certificate", "certificate verify failed"]) {
                Self::Certificate
            } else {
                return None;
            },
        )
    }
}

/// What is wrong with a URL. The driver quotes the names of options, which are its own, and no value.
pub(super) fn url_reason(error: &PgError) -> String {
    let told = error.source().map(ToString::to_string).unwrap_or_default();
    let option = told.strip_prefix("invalid value for option `").and_then(|rest| rest.strip_suffix('`'));
    match option {
        // A port that is none may be a piece of a password.
        Some(option) if !matches!(option, "host" | "port") => {
            format!("option {option} of the database URL has a value that is not supported; see the options of libpq")
        }
        _ => "the database URL does not parse; expected postgresql://user@host:port/database, with %40 for @, %3A for : and %2F for / in user and password".to_owned(),
    }
}

/// Why this crate does not take a connection to a server that it has reached.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refusal(pub(crate) &'static str);
