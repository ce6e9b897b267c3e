//! How something ended, as metrics and spans name it.

use super::names::IN_DOUBT;
use crate::error::Error;

/// What the conventions have for an error that nothing else fits.
const OTHER: &str = "_OTHER";

/// The SQLSTATE of an error, empty where the server did not tell one.
pub(super) fn sqlstate(error: &Error) -> &str {
    error.code().map(tokio_postgres::error::SqlState::code).unwrap_or_default()
}

/// What an error is in metrics, which tell few outcomes apart: the class of its SQLSTATE, or in a word what went wrong.
pub(super) fn outcome(error: &Error) -> &str {
    if error.is_in_doubt() {
        return IN_DOUBT;
    }
    match sqlstate(error).get(..2) {
        Some(class) if !error.is_timeout() => class,
        _ => kind(error),
    }
}

/// The error's type: its SQLSTATE, or in a word what went wrong.
pub(super) fn error_type(error: &Error) -> &str {
    match sqlstate(error) {
        "" => kind(error),
        code => code,
    }
}

type Is = fn(&Error) -> bool;

fn kind(error: &Error) -> &'static str {
    let kinds: [(Is, &str); 9] = [
        (Error::is_tenant_limit, "tenant_limit"),
        (Error::is_pool_timeout, "pool_timeout"),
        (Error::is_pool_closed, "pool_closed"),
        (Error::is_replica_unavailable, "replica_unavailable"),
        (Error::is_timeout, "timeout"),
        (Error::is_role_refused, "role_refused"),
        (Error::is_connection_lost, "connection_lost"),
        (Error::is_stale_statement, "stale_statement"),
        (Error::is_usage, "usage"),
    ];
    kinds.iter().find(|(is, _)| is(error)).map_or(OTHER, |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{error_type, outcome};
    use crate::error::{Error, Kind};

    #[test]
    fn an_error_without_a_sqlstate_has_a_word() {
        for (error, word) in [
            (Error::config("no"), "usage"),
            (Error::from(Kind::PoolClosed), "pool_closed"),
            (Error::from(Kind::PoolTimeout(Duration::from_secs(1))), "pool_timeout"),
            (Error::call_timeout(Duration::from_secs(1), false), "timeout"),
            (Error::from(Kind::RowCount { found: 2, expected: "exactly one" }), "_OTHER"),
        ] {
            assert_eq!(error_type(&error), word);
            assert_eq!(outcome(&error), word);
        }
        let in_doubt = Error::call_timeout(Duration::from_secs(1), true);
        assert_eq!((error_type(&in_doubt), outcome(&in_doubt)), ("timeout", "in_doubt"));
    }
}
