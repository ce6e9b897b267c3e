//! What travels ahead of a statement, under the statement's own Sync.

use std::borrow::Cow;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use postgres_protocol::message::frontend::{self, BindError};
use postgres_protocol::{IsNull, Oid};

use super::ledger::{Ledger, Message, Part, Sender};
use super::statements::StatementMode;

/// `text`, as `pg_type.dat` numbers it.
const TEXT: Oid = 25;

/// Commands that wait for the statement that they travel ahead of.
///
/// Its buffers stay with the connection, so that a prologue costs no allocation.
#[derive(Debug, Default)]
pub(crate) struct Prologue {
    commands: Vec<Command>,
    /// Bind and Execute of every command.
    messages: BytesMut,
    mode: StatementMode,
}

/// The text of a command.
#[derive(Debug)]
pub(crate) enum Sql {
    Known(&'static str),
    /// One that a pool has made once for all its connections.
    Shared(Arc<str>),
}

impl Deref for Sql {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Known(sql) => sql,
            Self::Shared(sql) => sql,
        }
    }
}

impl From<Cow<'static, str>> for Sql {
    fn from(sql: Cow<'static, str>) -> Self {
        match sql {
            Cow::Borrowed(sql) => Self::Known(sql),
            Cow::Owned(sql) => Self::Shared(sql.into()),
        }
    }
}

#[derive(Debug)]
struct Command {
    part: Part,
    /// The statement's name on the server, where it is kept. Empty, it is parsed each time.
    name: &'static str,
    sql: Sql,
    params: usize,
    /// Where its Bind and Execute end.
    end: usize,
}

impl Prologue {
    pub(super) fn new(mode: StatementMode) -> Self {
        Self { mode, ..Self::default() }
    }

    pub(crate) fn clear(&mut self) {
        self.commands.clear();
        self.messages.clear();
    }

    /// Adds a command whose parameters are all of type `text`.
    ///
    /// # Errors
    ///
    /// There are more parameters than the protocol can count, or one of them is too long for it.
    pub(crate) fn push<'a>(
        &mut self,
        part: Part,
        name: &'static str,
        sql: Sql,
        params: impl IntoIterator<Item = &'a str>,
    ) -> io::Result<()> {
        let name = if self.mode == StatementMode::Named { name } else { "" };
        let mut count = 0;
        let params = params.into_iter().inspect(|_| count += 1);
        let text = |param: &str, buf: &mut BytesMut| -> Result<IsNull, _> {
            buf.put_slice(param.as_bytes());
            Ok(IsNull::No)
        };
        let bound = frontend::bind("", name, [], params, text, [], &mut self.messages);
        bound.map_err(|error| match error {
            BindError::Conversion(error) => io::Error::other(error),
            BindError::Serialization(error) => error,
        })?;
        frontend::execute("", 0, &mut self.messages)?;
        let end = self.messages.len();
        self.commands.push(Command { part, name, sql, params: count, end });
        Ok(())
    }

    /// Writes all of it, and a Parse for each statement that the server does not keep yet.
    pub(super) fn write(&self, known: &Known, out: &mut BytesMut, ledger: &mut Ledger) -> io::Result<()> {
        let mut from = 0;
        for command in &self.commands {
            let sender = Sender::Prologue(command.part, command.name);
            if !known.holds(command.name) {
                if !command.name.is_empty() {
                    // Closing what is not there is no error, and parsing a name anew is one.
                    frontend::close(b'S', command.name, out)?;
                    ledger.sent(Message::Close, sender);
                }
                frontend::parse(command.name, &command.sql, (0..command.params).map(|_| TEXT), out)?;
                ledger.sent(Message::Parse, sender);
            }
            out.extend_from_slice(&self.messages[from..command.end]);
            ledger.sent(Message::Bind, sender);
            ledger.sent(Message::Execute, sender);
            from = command.end;
        }
        Ok(())
    }
}

/// The statements of prologues that the server keeps for this connection.
#[derive(Debug, Default)]
pub(super) struct Known(Vec<&'static str>);

impl Known {
    fn holds(&self, name: &str) -> bool {
        self.0.contains(&name)
    }

    pub(super) fn add(&mut self, name: &'static str) {
        if !name.is_empty() && !self.holds(name) {
            self.0.push(name);
        }
    }

    /// After an error nobody can tell which of them are still there.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}
