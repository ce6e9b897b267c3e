//! Keys, for people to read.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use humantime::format_rfc3339_seconds;
use serde_json::{Value, json};

use crate::cli::output::layout::{Cell, Row, Width};
use crate::cli::output::style::{BOLD, CARE, DIM, GOOD, PLAIN, paint, plain, took};
use crate::migrate::KnownKey;

pub(super) fn keys(known: &[KnownKey], now: SystemTime, place: &str, width: Width) -> String {
    let place = plain(place);
    if known.is_empty() {
        let said =
            format!("no key is in {place}: nobody can bind a sealed tenant; tenantry seal add adds one");
        return width.wrap(0, &said);
    }
    let row = |key: &KnownKey| {
        let (style, end) = match (key.is_retired, key.retires_at) {
            (true, Some(at)) => (DIM, format!(", retired {}", format_rfc3339_seconds(at))),
            (false, Some(at)) => {
                let left = at.duration_since(now).unwrap_or_default();
                (CARE, format!(", retires {}, in {}", format_rfc3339_seconds(at), took(left)))
            }
            _ => (PLAIN, String::new()),
        };
        let added = format_rfc3339_seconds(key.added_at);
        Row::new(Cell::new(BOLD, &key.id), Cell::new(style, format!("added {added}{end}")))
    };
    let mut text = format!("Keys in {}\n", paint(BOLD, place));
    text.push_str(&width.rows(2, &known.iter().map(row).collect::<Vec<_>>()));
    text
}

pub(super) fn fields(known: &[KnownKey]) -> Value {
    let at = |time: SystemTime| format_rfc3339_seconds(time).to_string();
    let one = |key: &KnownKey| {
        json!({
            "id": key.id,
            "added_at": at(key.added_at),
            "retires_at": key.retires_at.map(at),
            "retired": key.is_retired,
        })
    };
    json!({ "keys": known.iter().map(one).collect::<Vec<_>>() })
}

pub(super) fn added(id: &str, place: &str, width: Width) -> String {
    done("added", &format!("key {id} in {}; give the services the same one", plain(place)), width)
}

pub(super) fn retired(id: &str, after: Duration, place: &str, width: Width) -> String {
    let when = if after.is_zero() { "at once".to_owned() } else { format!("in {}", took(after)) };
    done("retired", &format!("key {id} in {}: what it seals is refused {when}", plain(place)), width)
}

pub(super) fn forgotten(keys: &str, place: &str) -> String {
    format!("{} {keys} in {}\n", paint(GOOD, "forgot"), plain(place))
}

/// What there is to do next.
pub(super) fn rotated(
    id: &str,
    others: &[String],
    after: Option<Duration>,
    place: &str,
    width: Width,
) -> String {
    let mut text = added(id, place, width);
    if others.is_empty() {
        return text;
    }
    let named = others.join(", ");
    let next = match after {
        Some(after) => format!(
            "give the services the new key within {}: what {named} seals is refused then",
            took(after)
        ),
        None => format!(
            "give the services the new key, and once none seals with {named} any more, retire that: tenantry seal retire {}",
            others.join(" --after 2m; tenantry seal retire ") + " --after 2m"
        ),
    };
    let _ = write!(text, "{} {}", paint(BOLD, "next:"), width.hang(6, 2, PLAIN, next) + "\n");
    text
}

fn done(what: &str, said: &str, width: Width) -> String {
    format!("{} {}\n", paint(GOOD, what), width.hang(what.len() + 1, 2, PLAIN, said))
}
