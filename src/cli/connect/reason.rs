//! Why there is no session, and what to do about it.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_rustls::rustls::{CertificateError, Error as TlsError};

use super::access::{Access, Door};
use crate::cli::failure::{Failure, causes};
use crate::error::{Distrust, HOST_NOT_FOUND, host_is_not_found};

/// What came in the way at one place.
pub(super) enum Trouble {
    Driver(tokio_postgres::Error),
    Late(Duration),
    /// It is there, and not what is asked for.
    Unsuited(&'static str),
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Driver(error)
    }
}

impl Trouble {
    /// Whether another server would say the same: this one is there, and does not let the user in.
    pub(super) fn ends_the_search(&self) -> bool {
        match self {
            Self::Driver(error) => {
                error.code().is_some_and(|code| *code != SqlState::CANNOT_CONNECT_NOW)
                    || lacks_password(error)
            }
            Self::Late(_) | Self::Unsuited(_) => false,
        }
    }

    /// Whether it may be otherwise in a while, with nothing changed but the server: it starts, stops, fails over, or is full.
    fn may_pass(&self) -> bool {
        let Self::Driver(error) = self else { return true };
        match error.code() {
            Some(code) => [SqlState::CANNOT_CONNECT_NOW, SqlState::TOO_MANY_CONNECTIONS].contains(code),
            None => tls_error(error).is_none() && (error.is_closed() || io_error(error).is_some()),
        }
    }

    /// Whether it may be otherwise with TLS instead of without, or the other way round.
    pub(super) fn may_be_of_the_encryption(&self) -> bool {
        let Self::Driver(error) = self else { return false };
        // What pg_hba.conf says depends on the encryption, and the server reports it under this code.
        tls_error(error).is_some()
            || error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
            || io_error(error).is_some_and(|error| {
                matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset)
            })
    }
}

fn io_error(error: &tokio_postgres::Error) -> Option<&io::Error> {
    error.source()?.downcast_ref()
}

fn tls_error(error: &tokio_postgres::Error) -> Option<&TlsError> {
    io_error(error)?.get_ref()?.downcast_ref()
}

/// The driver has no predicate for it.
fn lacks_password(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(|source| source.to_string() == "password missing")
}

/// What to do where no server is found.
fn other_server(access: &Access) -> String {
    let names = access.named_by.unwrap_or("--database-url, DATABASE_URL, or PGHOST and PGPORT");
    format!("check that it runs there, or name another with {names}")
}

/// What came in the way at each place that was tried.
pub(super) struct Refused<'d>(pub(super) Vec<(&'d Door, Trouble)>);

impl Refused<'_> {
    /// Whether one of the servers may open in a while.
    pub(super) fn may_pass(&self) -> bool {
        let ends = self.0.last().is_some_and(|(_, trouble)| trouble.ends_the_search() && !trouble.may_pass());
        !ends && self.0.iter().any(|(_, trouble)| trouble.may_pass())
    }

    /// Whether a server is there that lets others in, and not this role: by its attributes, its password, a rule of
    /// `pg_hba.conf`, or for want of CONNECT.
    pub(super) fn is_of_the_role(&self) -> bool {
        let Some((_, Trouble::Driver(error))) = self.0.last() else { return false };
        let of_the_role = [
            SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
            SqlState::INVALID_PASSWORD,
            SqlState::INSUFFICIENT_PRIVILEGE,
        ];
        error.code().is_some_and(|code| of_the_role.contains(code))
    }

    /// What to tell.
    pub(super) fn failure(&self, access: &Access) -> Failure {
        failure(access, &self.0)
    }
}

/// What to tell, when no door opened.
fn failure(access: &Access, troubles: &[(&Door, Trouble)]) -> Failure {
    if let Some((door, trouble)) = troubles.last()
        && (troubles.len() == 1 || trouble.ends_the_search())
    {
        let told = Told::of(access, door, trouble);
        let line = format!("no connection to {}: {}", door.place, told.line);
        return Failure { causes: told.causes, ..Failure::database(line) }.help(told.help);
    }
    let each = troubles.iter().map(|(door, trouble)| {
        let told = Told::of(access, door, trouble);
        let words: Vec<String> = std::iter::once(told.line).chain(told.causes).collect();
        format!("{}: {}", door.place, words.join("; "))
    });
    let failure = Failure::database(format!("no connection to any of {} servers", troubles.len()));
    Failure { causes: each.collect(), ..failure }.help(other_server(access))
}

/// One trouble in words.
struct Told {
    line: String,
    causes: Vec<String>,
    help: String,
}

impl Told {
    fn of(access: &Access, door: &Door, trouble: &Trouble) -> Self {
        let other = other_server(access);
        let told = |line: String, help: &str| Self { line, causes: Vec::new(), help: help.to_owned() };
        match trouble {
            Trouble::Late(limit) => told(
                format!("no answer within {} s", limit.as_secs()),
                "check host and port, or raise connect_timeout (PGCONNECT_TIMEOUT)",
            ),
            Trouble::Unsuited(why) => {
                told((*why).to_owned(), "name another server, or leave target_session_attrs out")
            }
            Trouble::Driver(error) => {
                let user = &access.user;
                if lacks_password(error) {
                    let line = format!("the server asks role {user:?} for a password, and none is given");
                    // The file that an option names holds the password of --database-url alone.
                    let help = match access.named_by {
                        Some(_) => "set PGPASSWORD, or write the password into the URL or into ~/.pgpass",
                        None => {
                            "set PGPASSWORD, name a file with --password-file, or write the password into ~/.pgpass"
                        }
                    };
                    return told(line, help);
                }
                if let Some(code) = error.code() {
                    let (line, help) = refusal(code, access);
                    let file = door.passfile.as_ref().filter(|_| *code == SqlState::INVALID_PASSWORD);
                    let file = file.map(|path| format!("the password is from {}", path.display()));
                    let causes = causes(error).into_iter().chain(file).collect();
                    return Self { line, causes, help: help.to_owned() };
                }
                if let Some(tls) = tls_error(error) {
                    let (line, help) = tls_words(tls);
                    return Self { causes: vec![one_line(tls)], ..told(line.to_owned(), help) };
                }
                let causes = causes(error);
                match io_error(error).map(|error| (error, error.kind())) {
                    Some((_, io::ErrorKind::NotFound)) => told("there is no such socket".to_owned(), &other),
                    Some((error, _)) if host_is_not_found(error) => {
                        Self { causes, ..told(HOST_NOT_FOUND.to_owned(), &other) }
                    }
                    Some((error, io::ErrorKind::Other)) => told(one_line(error), &other),
                    Some((_, kind)) => told(kind.to_string(), &other),
                    None if error.is_closed() => told("the server closed the connection".to_owned(), &other),
                    None => {
                        let help = "see https://www.postgresql.org/docs/current/libpq-connect.html for the parameters";
                        told(causes.first().cloned().unwrap_or_default(), help)
                    }
                }
            }
        }
    }
}

/// What the server's answer means to whoever wants to get in.
fn refusal(code: &SqlState, access: &Access) -> (String, &'static str) {
    let (user, database) = (&access.user, &access.database);
    let other_database = match access.named_by {
        Some(_) => "name another in the URL; psql -l lists them",
        None => "name another with --database-url, DATABASE_URL or PGDATABASE; psql -l lists them",
    };
    match code.code() {
        "28P01" => (
            format!("the server does not accept the password of role {user:?}, or there is no such role"),
            "correct PGPASSWORD, the URL, the password file or ~/.pgpass, or name another role with PGUSER",
        ),
        "28000" => (
            format!("the server does not let role {user:?} in"),
            "check that the role exists and may log in, and what pg_hba.conf of the server says",
        ),
        "3D000" => (format!("database {database:?} does not exist"), other_database),
        "42501" => (
            format!("role {user:?} may not connect to database {database:?}"),
            "grant it CONNECT on the database, or name another role with PGUSER",
        ),
        "53300" => {
            ("the server has no connection left".to_owned(), "try again later, or raise max_connections")
        }
        "57P03" => (
            "the server is not taking connections now".to_owned(),
            "it starts, stops or recovers; try again later",
        ),
        code => (format!("the server refuses it, SQLSTATE {code}"), "its own words are above"),
    }
}

/// What is wrong with the encryption.
fn tls_words(error: &TlsError) -> (&'static str, &'static str) {
    match error {
        TlsError::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature | CertificateError::Other(_),
        ) => (
            Distrust::Issuer.words(),
            "name the file of the one that did with sslrootcert, or trust the operating system's with sslrootcert=system",
        ),
        TlsError::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => (
            Distrust::Name.words(),
            "connect by a name that the certificate has; sslmode=verify-ca does not look at names",
        ),
        TlsError::InvalidCertificate(_) => (Distrust::Certificate.words(), "renew it on the server"),
        _ => ("TLS failed", "check the server's ssl settings; sslmode=disable goes without TLS"),
    }
}

fn one_line(error: &dyn StdError) -> String {
    error.to_string().replace('\n', " ")
}
