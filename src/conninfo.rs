//! What the tool and the pool read alike of a connection's settings: in its string, in service files and in the environment.
//!
//! See [Connection Strings](https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING).

mod environment;
mod service;
mod settings;
mod text;
#[cfg(feature = "rustls")]
pub(crate) mod tls;
#[cfg(feature = "rustls")]
mod verify;

use crate::error::Error;

pub(crate) use self::environment::Environment;
pub(crate) use self::settings::Settings;
pub(crate) use self::text::parse;

/// A parameter and its value.
pub(crate) type Pair = (String, String);

/// Why settings cannot be used. Nothing of it quotes a value.
#[derive(Debug)]
pub(crate) struct Unfit {
    pub(crate) line: String,
    /// What led to it, the nearest first.
    pub(crate) causes: Vec<String>,
    /// What to do about it.
    pub(crate) help: Option<String>,
}

impl Unfit {
    fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), causes: Vec::new(), help: None }
    }

    fn cause(mut self, line: impl Into<String>) -> Self {
        self.causes.push(line.into());
        self
    }

    fn help(mut self, line: impl Into<String>) -> Self {
        self.help = Some(line.into());
        self
    }
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        let Unfit { mut line, causes, help } = unfit;
        for part in causes.into_iter().chain(help) {
            line.push_str("; ");
            line.push_str(&part);
        }
        Self::config(line)
    }
}

/// Why a part does not read. It quotes nothing, since any part can turn out to be a piece of a password.
pub(crate) type Unread = &'static str;

/// How much a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SslMode {
    /// Not at all.
    Disable,
    /// Only if the server demands it.
    Allow,
    /// If the server can do it.
    Prefer,
    /// From listening.
    Require,
    /// And the server shows a certificate of a trusted authority.
    VerifyCa,
    /// And that certificate has the name by which the server is called.
    VerifyFull,
}

/// The values of `sslmode`.
pub(crate) const SSL_MODES: &[(&str, SslMode)] = &[
    ("disable", SslMode::Disable),
    ("allow", SslMode::Allow),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

impl SslMode {
    /// Whether the server's certificate counts.
    pub(crate) fn verifies(self) -> bool {
        matches!(self, Self::VerifyCa | Self::VerifyFull)
    }
}

/// Reads what is percent-encoded in a part of a URL.
pub(crate) fn decode(text: &str) -> Result<String, Unread> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let value = digit(rest.next()).zip(digit(rest.next())).map(|(high, low)| high * 16 + low);
        match value.and_then(|value| u8::try_from(value).ok()) {
            Some(0) | None => {
                return Err("a % is not followed by two hexadecimal digits; write %25 for %");
            }
            Some(byte) => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| "what is percent-encoded in it is not UTF-8")
}

/// Reads `key=value` pairs as libpq does.
pub(crate) fn key_values(text: &str) -> Result<Vec<Pair>, Unread> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let Some(after) = after.trim_start().strip_prefix('=') else {
            return Err("it is neither a URL, nor does = follow each of its words");
        };
        let (value, after) = value(after.trim_start())?;
        pairs.push((name.to_owned(), value));
        rest = after.trim_start();
    }
    Ok(pairs)
}

/// A value, with or without quotes, and what follows it.
fn value(text: &str) -> Result<(String, &str), Unread> {
    let quoted = text.strip_prefix('\'');
    let text = quoted.unwrap_or(text);
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            '\'' if quoted.is_some() => return Ok((value, &text[at + 1..])),
            c if quoted.is_none() && c.is_whitespace() => return Ok((value, &text[at..])),
            c => value.push(c),
        }
    }
    if quoted.is_some() { Err("a quote is not closed") } else { Ok((value, "")) }
}
