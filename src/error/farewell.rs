//! The server's last words.

use tokio_postgres::error::SqlState;

/// What a server, or a pooler, said before it closed a connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{severity}: {message}")]
pub(crate) struct Farewell {
    severity: String,
    pub(super) code: SqlState,
    message: String,
}

impl Farewell {
    pub(crate) fn new(severity: &[u8], code: &[u8], message: &[u8]) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).replace(char::is_control, " ");
        Self { severity: text(severity), code: SqlState::from_code(&text(code)), message: text(message) }
    }
}

/// Why the server ends connections with this SQLSTATE, where that is one of its reasons to.
pub(super) fn why(code: &SqlState) -> Option<&'static str> {
    Some(match code.code() {
        "25P03" => "the transaction was idle for longer than idle_in_transaction_session_timeout",
        "25P04" => "the transaction took longer than transaction_timeout",
        "57P01" => "an administrator's command, or its shutdown",
        "57P02" => "another of its processes crashed",
        "57P05" => "the session was idle for longer than idle_session_timeout",
        _ => return None,
    })
}

/// That the server ended the connection, and why.
pub(super) fn ended(code: &SqlState) -> String {
    let line = format!("the server ended the connection (SQLSTATE {})", code.code());
    match why(code) {
        Some(why) => format!("{line}: {why}"),
        None => line,
    }
}
