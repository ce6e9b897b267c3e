//! Connection strings, as libpq reads them: a URL, or `key=value` pairs.
//!
//! See [Connection Strings](https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING). No error quotes
//! any of it: where a password holds a character that it should not, any part can turn out to be a piece of it.

use super::{Pair, Unfit, key_values};

/// Where a URL has to be percent-encoded.
const ENCODE: &str = "write %40 for @, %3A for : and %2F for / in a user name, password or database name";

/// Why a connection string does not read, and what would.
struct Unread {
    why: &'static str,
    expected: &'static str,
}

/// Takes a connection string apart, which errors call by this name. Of two values for one parameter, the last counts.
pub(crate) fn parse(text: &str, called: &str) -> Result<Vec<Pair>, Unfit> {
    let failed =
        |Unread { why, expected }| Unfit::new(format!("{called} does not read: {why}")).help(expected);
    parameters(text).map_err(failed)
}

fn parameters(text: &str) -> Result<Vec<Pair>, Unread> {
    let text = text.trim();
    let scheme = ["postgresql://", "postgres://"].into_iter().find_map(|scheme| text.strip_prefix(scheme));
    match scheme {
        Some(rest) => url(rest),
        None if text.contains("://") => Err(not_read("it is a URL of something else than PostgreSQL")),
        None => key_values(text).map_err(not_read),
    }
}

fn not_read(why: &'static str) -> Unread {
    let expected =
        "expected postgresql://user:password@host:port/database?sslmode=require, or host=… dbname=…";
    Unread { why, expected }
}

/// The same where something has to be percent-encoded.
fn not_encoded(why: &'static str) -> Unread {
    Unread { why, expected: ENCODE }
}

/// All after the scheme.
fn url(text: &str) -> Result<Vec<Pair>, Unread> {
    // A ? can be part of a password, a / cannot.
    let (login, text) = match text.split_once('@') {
        Some((login, rest)) if !login.contains('/') => (Some(login), rest),
        _ => (None, text),
    };
    let (text, query) = split(text, '?');
    let (hosts, path) = split(text, '/');
    // Most likely the login holds a / that is not encoded, and what follows is a piece of a password.
    let cut = login.is_none() && hosts.contains(':') && query.contains('@');
    if cut || hosts.contains('@') || path.contains('@') {
        return Err(not_encoded("an @ stands where none can"));
    }
    let mut pairs = Vec::new();
    if let Some(login) = login {
        let (user, password) = split(login, ':');
        pairs.push(("user", decode(user)?));
        pairs.push(("password", decode(password)?));
    }
    let (hosts, ports) = authority(hosts)?;
    pairs.push(("host", hosts));
    pairs.push(("port", ports));
    pairs.push(("dbname", decode(path)?));
    // An empty part is one that is left out.
    let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    let mut pairs: Vec<Pair> = pairs.map(|(name, value)| (name.to_owned(), value)).collect();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let Some((name, value)) = parameter.split_once('=') else {
            return Err(not_read("a parameter after the ? has no value"));
        };
        pairs.push(match (decode(name)?, decode(value)?) {
            // JDBC's way to say it, which libpq takes too.
            (name, value) if name == "ssl" && value == "true" => ("sslmode".to_owned(), "require".to_owned()),
            pair => pair,
        });
    }
    Ok(pairs)
}

fn decode(text: &str) -> Result<String, Unread> {
    super::decode(text).map_err(not_read)
}

fn split(text: &str, at: char) -> (&str, &str) {
    text.split_once(at).unwrap_or((text, ""))
}

/// The hosts and the ports, as lists with commas.
fn authority(text: &str) -> Result<(String, String), Unread> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for part in text.split(',') {
        let (host, port) = match part.strip_prefix('[').map(|address| address.split_once(']')) {
            Some(Some((address, ""))) => (address, ""),
            Some(Some((address, rest))) => {
                (address, rest.strip_prefix(':').ok_or_else(|| not_read("only a port follows a ]"))?)
            }
            Some(None) => return Err(not_read("a [ lacks its ]")),
            None => split(part, ':'),
        };
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(not_encoded("a port is not a number"));
        }
        hosts.push(decode(host)?);
        ports.push(port.to_owned());
    }
    let list = |parts: Vec<String>| {
        // A list of nothing but commas says nothing.
        if parts.iter().all(String::is_empty) { String::new() } else { parts.join(",") }
    };
    Ok((list(hosts), list(ports)))
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn parsed(text: &str) -> String {
        let pairs = parse(text, "DATABASE_URL").unwrap();
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn urls_are_read_as_libpq_reads_them() {
        for (url, pairs) in [
            ("postgresql://", ""),
            ("postgres://localhost", "host=localhost"),
            ("postgresql://localhost:5433/erp", "host=localhost port=5433 dbname=erp"),
            ("postgresql://me@localhost", "user=me host=localhost"),
            ("postgresql://me:s%40%2Fe%25@localhost", "user=me password=s@/e% host=localhost"),
            ("postgresql://me:a:b@h", "user=me password=a:b host=h"),
            ("postgresql://me:a?b@h", "user=me password=a?b host=h"),
            ("postgresql://h/?user=a@b", "host=h user=a@b"),
            ("postgresql://:only@h", "password=only host=h"),
            ("postgresql://a:1,b,c:3/erp", "host=a,b,c port=1,,3 dbname=erp"),
            ("postgresql://[::1]:5433,[fe80::1]/erp", "host=::1,fe80::1 port=5433, dbname=erp"),
            ("postgresql://%2Fvar%2Frun%2Fpostgresql/erp", "host=/var/run/postgresql dbname=erp"),
            ("postgresql:///erp?host=/tmp&port=5433", "dbname=erp host=/tmp port=5433"),
            (
                "postgresql://h?sslmode=verify-full&options=-c%20a=b",
                "host=h sslmode=verify-full options=-c a=b",
            ),
            ("postgresql://h?ssl=true", "host=h sslmode=require"),
            (" postgresql://h \n", "host=h"),
        ] {
            assert_eq!(parsed(url), pairs, "{url}");
        }
    }

    #[test]
    fn key_value_pairs_are_read_as_libpq_reads_them() {
        for (text, pairs) in [
            ("", ""),
            ("host=localhost dbname = erp", "host=localhost dbname=erp"),
            (r"password='it\'s a \\ b' user=a\ b", r"password=it's a \ b user=a b"),
            ("user='' host=h", "user= host=h"),
            ("options= host=h", "options=host=h"),
        ] {
            assert_eq!(parsed(text), pairs, "{text}");
        }
    }

    #[test]
    fn what_does_not_read_is_refused_and_not_quoted() {
        for (text, why) in [
            ("mysql://me:hush@h/erp", "of something else"),
            ("postgresql://me:hush@hush@h/erp", "an @ stands where none can"),
            ("postgresql://me:12/hush@h/erp", "an @ stands where none can"),
            ("postgresql://me:12/hush?hush=@h", "an @ stands where none can"),
            ("postgresql://me:hush/@h/erp", "an @ stands where none can"),
            ("postgresql://me:hush/hush", "a port is not a number"),
            ("postgresql://me:%hush@h", "% is not followed"),
            ("postgresql://me:hush%00@h", "% is not followed"),
            ("postgresql://me:hush%ff@h", "not UTF-8"),
            ("postgresql://me:hush@[::1", "lacks its ]"),
            ("postgresql://me:hush@[::1]5432", "only a port follows"),
            ("postgresql://me:hush@h?sslmode", "has no value"),
            ("hush", "neither a URL"),
            ("host=h hush", "neither a URL"),
            ("password='hush", "a quote is not closed"),
        ] {
            let failure = parse(text, "--seed-url").unwrap_err();
            let line = failure.line.strip_prefix("--seed-url does not read: ");
            assert!(line.is_some_and(|line| line.contains(why)), "{text}: {}", failure.line);
            assert!(!format!("{failure:?}").contains("hush"), "{failure:?}");
        }
    }
}
