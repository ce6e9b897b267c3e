//! Values for the columns of rows that are made up.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use tokio_postgres::Client;

use crate::error::{Error, Result};
use crate::ident::literal;

/// What is known of the types that somebody made, by their names as `format_type` writes them.
#[derive(Debug, Default)]
pub(crate) struct Types(HashMap<String, Made>);

#[derive(Debug)]
struct Made {
    kind: Kind,
    /// The texts of a domain's checks.
    checks: Vec<String>,
}

#[derive(Debug)]
enum Kind {
    Domain(String),
    Enum(String),
    Composite(usize),
    Range(String),
}

impl Types {
    pub(crate) async fn read(client: &mut Client) -> Result<Self> {
        let failed = |source| Error::catalog("the types of the database", source);
        let transaction = client.transaction().await.map_err(failed)?;
        // Their names are those of the catalog then, whatever the role's own path is.
        transaction.query(include_str!("../../sql/catalog/setup.sql"), &[]).await.map_err(failed)?;
        let rows = transaction.query(include_str!("../../sql/prove/types.sql"), &[]).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        let mut types = HashMap::new();
        for row in rows {
            let text = |column: &str| row.try_get::<_, Option<String>>(column).map_err(failed);
            let attributes: i64 = row.try_get("attributes").map_err(failed)?;
            let kind = match (text("kind")?.as_deref(), text("base")?, text("label")?, text("subtype")?) {
                (Some("d"), Some(base), ..) => Kind::Domain(base),
                (Some("e"), _, Some(label), _) => Kind::Enum(label),
                (Some("r"), _, _, Some(subtype)) => Kind::Range(subtype),
                (Some("c"), ..) => Kind::Composite(usize::try_from(attributes).unwrap_or_default()),
                _ => continue,
            };
            let Some(name) = text("name")? else { continue };
            types.insert(name, Made { kind, checks: row.try_get("checks").map_err(failed)? });
        }
        Ok(Self(types))
    }

    /// The checks of a domain, and of the domains that it is of.
    pub(crate) fn checks(&self, data_type: &str) -> Vec<&str> {
        let Some(made) = self.0.get(data_type) else { return Vec::new() };
        let mut checks: Vec<&str> = made.checks.iter().map(String::as_str).collect();
        if let Kind::Domain(base) = &made.kind {
            checks.extend(self.checks(base));
        }
        checks
    }

    /// The type that is under a domain.
    pub(crate) fn base<'a>(&'a self, data_type: &'a str) -> &'a str {
        match self.0.get(data_type).map(|made| &made.kind) {
            Some(Kind::Domain(base)) => self.base(base),
            _ => data_type,
        }
    }

    /// A value of a type as its text, one that no other row is likely to have where the type has many; none where it is not
    /// known what its values look like.
    pub(crate) fn value(&self, data_type: &str, random: &mut Random) -> Option<String> {
        let data_type = self.base(data_type);
        if data_type.ends_with("[]") {
            return Some("{}".to_owned());
        }
        match self.0.get(data_type).map(|made| &made.kind) {
            Some(Kind::Enum(label)) => Some(label.clone()),
            Some(Kind::Composite(attributes)) => {
                Some(format!("({})", ",".repeat(attributes.saturating_sub(1))))
            }
            Some(Kind::Range(subtype)) => {
                let from = self.value(subtype, random)?;
                Some(format!("[{from},{from}]"))
            }
            Some(Kind::Domain(_)) => None,
            None => built_in(data_type, random),
        }
    }
}

/// A value as SQL: its text, cast to its type.
pub(crate) fn sql(text: Option<&str>, data_type: &str) -> String {
    match text {
        Some(text) => format!("{}::{data_type}", literal(text)),
        None => "NULL".to_owned(),
    }
}

/// A value of a type of PostgreSQL's own.
fn built_in(data_type: &str, random: &mut Random) -> Option<String> {
    let (name, length) = with_length(data_type);
    let below = |random: &mut Random, limit: u64| random.next() % limit;
    Some(match name {
        "uuid" => random.uuid(),
        "smallint" => (1 + below(random, 30_000)).to_string(),
        "integer" => (1 + below(random, 2_000_000_000)).to_string(),
        "bigint" | "oid" => (1 + below(random, 4_000_000_000)).to_string(),
        "numeric" => number(data_type, random),
        "real" | "double precision" | "money" => (1 + below(random, 900)).to_string(),
        "boolean" => "false".to_owned(),
        "text" | "character varying" | "character" | "name" | "citext" | "public.citext" | "\"char\"" => {
            let word = random.word();
            let most = if name == "\"char\"" { 1 } else { length.unwrap_or(word.len()) };
            word.chars().take(most).collect()
        }
        "date" => date(random),
        "timestamp without time zone" | "timestamp with time zone" => format!("{} 12:00:00", date(random)),
        "time without time zone" | "time with time zone" => {
            format!("{:02}:{:02}:00", below(random, 24), below(random, 60))
        }
        "interval" => format!("{} minutes", 1 + below(random, 1000)),
        "json" | "jsonb" | "hstore" | "public.hstore" => {
            if name.ends_with("hstore") { "" } else { "{}" }.to_owned()
        }
        "xml" => "<tenantry/>".to_owned(),
        "bytea" => format!("\\x{:016x}", random.next()),
        "inet" | "cidr" => format!("10.{}.{}.{}", below(random, 256), below(random, 256), below(random, 256)),
        "macaddr" => mac(random, 6),
        "macaddr8" => mac(random, 8),
        "bit" | "bit varying" => "0".repeat(length.unwrap_or(1)),
        "point" => format!("({},{})", below(random, 1000), below(random, 1000)),
        "line" => "{1,1,1}".to_owned(),
        "lseg" | "box" | "path" => "((0,0),(1,1))".to_owned(),
        "polygon" => "((0,0),(1,1),(1,0))".to_owned(),
        "circle" => "<(0,0),1>".to_owned(),
        "tsvector" | "tsquery" | "ltree" | "public.ltree" => random.word(),
        "regclass" => "pg_catalog.pg_class".to_owned(),
        "int4range" | "int8range" | "numrange" => {
            let from = below(random, 2_000_000_000);
            format!("[{from},{})", from + 1)
        }
        "daterange" => format!("[{0},{0}]", date(random)),
        "tsrange" | "tstzrange" => {
            let day = date(random);
            format!("[{day} 12:00,{day} 13:00)")
        }
        _ if name.ends_with("multirange") => "{}".to_owned(),
        _ => return None,
    })
}

/// The name of a type without its length, and the length.
fn with_length(data_type: &str) -> (&str, Option<usize>) {
    match data_type.split_once('(') {
        Some((name, rest)) => match rest.split_once(')') {
            // As in timestamp(3) with time zone.
            Some((_, after)) if !after.is_empty() => {
                (if name == "timestamp" { "timestamp with time zone" } else { "time with time zone" }, None)
            }
            Some((length, _)) => (name, length.parse().ok()),
            None => (name, None),
        },
        // A length of one is not written.
        None if data_type == "character" || data_type == "bit" => (data_type, Some(1)),
        None => (data_type, None),
    }
}

/// A number of two digits or less, where the type is one of numbers.
pub(crate) fn small(data_type: &str, random: &mut Random) -> Option<String> {
    match with_length(data_type).0 {
        "smallint" | "integer" | "bigint" => Some((1 + random.next() % 100).to_string()),
        "numeric" => Some(number_below(data_type, 2, random)),
        _ => None,
    }
}

/// A number that fits into a precision and a scale.
fn number(data_type: &str, random: &mut Random) -> String {
    number_below(data_type, 9, random)
}

/// The same with so many digits ahead of the point at most. Not zero, where there is room for another.
fn number_below(data_type: &str, most_digits: u32, random: &mut Random) -> String {
    let digits = data_type.split_once('(').and_then(|(_, rest)| {
        let mut parts = rest.trim_end_matches(')').split(',').map(|part| part.parse::<u32>().unwrap_or(0));
        Some((parts.next()?, parts.next().unwrap_or(0)))
    });
    match digits {
        Some((precision, scale)) if precision <= scale => "0".to_owned(),
        Some((precision, scale)) => {
            let most = 10_u64.saturating_pow((precision - scale).min(most_digits));
            (1 + random.next() % (most - 1)).to_string()
        }
        None => (1 + random.next() % (10_u64.saturating_pow(most_digits) - 1)).to_string(),
    }
}

fn date(random: &mut Random) -> String {
    let year = 2000 + random.next() % 3000;
    format!("{year}-{:02}-{:02}", 1 + random.next() % 12, 1 + random.next() % 28)
}

fn mac(random: &mut Random, bytes: usize) -> String {
    let parts: Vec<String> = (0..bytes).map(|_| format!("{:02x}", random.next() % 256)).collect();
    parts.join(":")
}

/// Numbers that nobody has to be unable to guess (xorshift64*).
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// Begins differently in each process, and each time.
    pub(crate) fn seeded() -> Self {
        Self::new(RandomState::new().hash_one(std::process::id()))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 8
    }

    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            high & 0xffff_ffff,
            high >> 32 & 0xffff,
            low & 0xfff,
            low >> 12 & 0xfff,
            self.next() & 0xffff_ffff_ffff
        )
    }

    pub(crate) fn word(&mut self) -> String {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
        let letter = |random: &mut Self| {
            let at = usize::try_from(random.next() % 26).unwrap_or_default();
            char::from(LETTERS.get(at).copied().unwrap_or(b'a'))
        };
        (0..10).map(|_| letter(self)).collect()
    }
}
