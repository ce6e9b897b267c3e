//! How a unit of work opens and closes on the wire. Callers send their statement between
//! [`Strategy::open`] and [`Strategy::close`] and know nothing of what travels around it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::task::Poll;

use bytes::BytesMut;
use tokio_postgres::Statement;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::answers::Answers;
use super::binding::{Binding, Form};
use super::connection::Connection;
use super::drain::Debt;
use super::lease::Lease;
use super::seal::Seals;
use crate::error::{Error, Result, Step};
use crate::wire::Link;

pub(super) const COMMIT: &str = "COMMIT";

/// How the tenant reaches the server with each unit of work.
///
/// Whatever the strategy, everything is sent before the first answer is awaited, so a scoped
/// statement costs one flight. The strategies differ in what is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// A `set_config` select with the tenant as a bind parameter, and the statement, under one Sync.
    /// The default.
    ///
    /// In the extended query protocol all messages up to a Sync are one transaction, so a single
    /// statement needs neither `BEGIN` nor `COMMIT`. The first statement of a transaction carries
    /// `BEGIN` and the select under its own Sync. So does a single statement, with a `COMMIT` behind
    /// it in the same flight, whose context asks for an isolation level or to be deferrable, or that
    /// could end a transaction by itself, as `CALL` and `DO` can.
    #[default]
    Implicit,
    /// `BEGIN`, a `set_config` select with the tenant as a bind parameter, the statement, `COMMIT`,
    /// each under its own Sync: for poolers that do not keep together what stands between two Syncs.
    Explicit,
    /// The same with `SET LOCAL` in place of the select, for servers that do not carry `set_config`
    /// to where the rows are, Citus among them.
    ///
    /// `SET` takes no parameters, so here the tenant stands in SQL text, which `pg_stat_activity`,
    /// a statement log of the server's and the driver's log (`tokio_postgres` at DEBUG) show.
    ExplicitSetLocal,
}

impl Strategy {
    /// Prepares, where the strategy has one, the statement that binds the context.
    pub(super) async fn prepare(self, lease: &Lease, binding: &Binding) -> Result<Option<Statement>> {
        match self {
            Self::Explicit => lease.prepare(&binding.select()).await.map(|prepared| Some(prepared.statement)),
            Self::Implicit | Self::ExplicitSetLocal => Ok(None),
        }
    }

    /// The form that a single statement takes on this connection.
    pub(super) fn form_of_single(self, connection: &Connection) -> Form {
        let Connection { lease, binding, .. } = connection;
        // What may leave something in the session may also end a transaction, where none was begun.
        if self == Self::Implicit && lease.is_quiet() && !lease.is_retired() && binding.needs_no_begin() {
            Form::Alone
        } else {
            Form::Block
        }
    }

    /// Sends what stands ahead of a unit's first statement, or has the statement carry it. Waits
    /// for nothing. The caller sends the statement next and lets [`Opening::follow`] know.
    pub(super) fn open(self, connection: &Connection, form: Form) -> Result<Opening<'_>> {
        let Connection { lease, binding, .. } = connection;
        lease.begin(binding.is_read_only());
        connection.forget_number();
        if form == Form::Block {
            lease.link().forget_written();
        }
        let mut answers = Answers::default();
        // While a preparation is under way, the next request on the wire need not be the statement.
        if self == Self::Implicit && lease.is_quiet() {
            let link = lease.link();
            let number = link
                .arm(connection.timing(), |prologue| binding.fill(prologue, form, Seals::of(lease)))
                .map_err(|error| Error::config(format!("the context cannot be sent: {error}")))?;
            match form {
                // The link knows what it owes.
                Form::Alone => connection.note_number(number),
                Form::Block => lease.owe(Debt::Rollback),
            }
            return Ok(Opening { answers, carried: Some(Carried { link: Some(link), number }) });
        }
        lease.link().forget_failure();
        lease.owe(Debt::Rollback);
        answers.push_command(Step::Begin, lease, binding.begin());
        self.bind(connection, &mut answers);
        Ok(Opening { answers, carried: None })
    }

    /// Sends the context, again where a savepoint has ended and may have changed it.
    pub(super) fn bind(self, connection: &Connection, answers: &mut Answers) {
        let Connection { lease, binding, .. } = connection;
        if self == Self::ExplicitSetLocal {
            for sql in binding.set_local() {
                answers.push_command(Step::Bind, lease, sql);
            }
            return;
        }
        let (on, binding, select) = (Arc::clone(lease), Arc::clone(binding), connection.select());
        answers.push(Step::Bind, async move {
            let params = binding.params(Seals::of(&on));
            if let Some(select) = select {
                let params = params.iter().map(|param| Hidden(param));
                return on.client().execute_raw(&select, params).await.map(|own| on.link().discount(own));
            }
            let params: Vec<(&(dyn ToSql + Sync), Type)> =
                params.iter().map(|param| (param as _, Type::TEXT)).collect();
            let own = on.client().execute_typed(&binding.select(), &params).await;
            own.map(|own| on.link().discount(own))
        });
    }

    /// Sends what ends a unit of one statement, right behind the statement, without waiting. Where the unit is recorded, that is
    /// kept back until the statement is answered.
    pub(super) fn close(connection: &Connection, form: Form) -> Answers {
        let Connection { lease, binding, .. } = connection;
        if let Some(record) = binding.record() {
            return record.close(lease);
        }
        let mut answers = Answers::default();
        if form == Form::Block {
            lease.owe(Debt::Answer);
            answers.push_command(Step::Commit, lease, COMMIT);
        }
        answers
    }

    /// Sends what undoes a unit whose end was kept back.
    pub(super) fn undo(lease: &Arc<Lease>) -> Answers {
        let mut answers = Answers::default();
        answers.push_command(Step::Rollback, lease, "ROLLBACK");
        answers
    }
}

/// What stands ahead of a unit's first statement: sent already, or about to be carried by it.
pub(super) struct Opening<'a> {
    answers: Answers,
    carried: Option<Carried<'a>>,
}

impl Opening<'_> {
    /// What the connection owes as long as the statement has not been sent.
    pub(super) fn debt(&self) -> Debt {
        // Of what was sent ahead of it, nobody stays to hear the answers.
        if self.carried.is_some() { Debt::None } else { Debt::Close }
    }

    /// Hears of the statement's first poll, which sends it unless the driver refuses it. Returns
    /// what is to be answered ahead of the statement, or `None` when nothing was sent at all.
    pub(super) fn follow<T>(self, first: &Poll<T>) -> Option<Answers> {
        let sent = match (self.carried, first) {
            (None, _) => true,
            (Some(carried), Poll::Pending) => carried.departed(),
            (Some(carried), Poll::Ready(_)) => carried.was_taken(),
        };
        sent.then_some(self.answers)
    }
}

/// A parameter that the driver's log does not show: at DEBUG it has those of prepared statements.
struct Hidden<'a>(&'a str);

impl fmt::Debug for Hidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(context)")
    }
}

impl ToSql for Hidden<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.0.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        <&str as ToSql>::accepts(ty)
    }

    to_sql_checked!();
}

/// A prologue that waits for its statement. Where a panic comes first it is taken back, so that no
/// other request carries it.
struct Carried<'a> {
    link: Option<&'a Link>,
    number: u64,
}

impl Carried<'_> {
    /// The statement is in the connection's queue, ahead of anything that is sent from now on.
    fn departed(mut self) -> bool {
        self.link.take().is_some()
    }

    /// Whether a statement whose answer is there took it along.
    fn was_taken(mut self) -> bool {
        self.link.take().is_some_and(|link| !link.disarm(self.number))
    }
}

impl Drop for Carried<'_> {
    fn drop(&mut self) {
        if let Some(link) = self.link {
            link.disarm(self.number);
        }
    }
}
