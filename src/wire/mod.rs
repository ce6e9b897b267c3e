//! The protocol layer between the driver and the server.
//!
//! A scoped statement has to be preceded by the context it runs in, and the driver ends each of its
//! requests with a Sync of its own, which would make that a round trip and a transaction more. So
//! the stream that the driver reads and writes is a [`Wire`](stream::Wire): it puts the
//! [`Prologue`] in front of the statement, inside the statement's own request, and takes the
//! prologue's answers out of what comes back. In the extended query protocol all messages up to a
//! Sync are one transaction, see
//! [Pipelining](https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING):
//! what the prologue sets for the transaction holds for the statement and for nothing after it, and
//! if either fails, neither took place. For the driver it is one request with one answer, so an
//! error of the prologue's is the statement's error.
//!
//! Several such requests may be under way, of different tenants too: each has its own prologue and its own
//! Sync, and is answered to its end before the next. And several may be one transaction under one Sync
//! ([`joined`]): of those ahead of the last the stream leaves the Sync out, and tells the driver of their end itself.
//!
//! Each message that is sent is entered in a ledger, and each that comes back is held against it.
//! One that does not fit ends the connection.
//!
//! This layer knows nothing of tenants, policies or pools.

mod cancel;
mod connect;
mod connected;
mod description;
mod endpoint;
mod flight;
mod frame;
mod heard;
mod incoming;
pub(crate) mod joined;
mod keepalive;
pub(crate) mod kept;
mod ledger;
mod link;
mod negotiate;
mod outgoing;
mod parameters;
mod piece;
mod prologue;
mod reading;
mod statements;
mod stream;
mod tally;
#[cfg(test)]
mod tests;
mod tracked;
#[cfg(unix)]
mod unix;
mod violation;

use std::future::Future;
use std::pin::Pin;

pub(crate) use self::connect::Connector;
pub(crate) use self::connected::{Connected, Driving, FAREWELL, Kept};
pub(crate) use self::flight::Timing;
pub(crate) use self::keepalive::keep_alive;
pub(crate) use self::ledger::{Part, Stage};
pub(crate) use self::link::Link;
pub(crate) use self::prologue::{Prologue, Sql};
pub use self::statements::StatementMode;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
