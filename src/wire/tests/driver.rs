//! The real driver on a scripted line, and requests as the pool makes them.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use bytes::Bytes;
use futures_util::TryStreamExt;
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Client, Config, CopyInSink, Error, NoTls, Row, Statement};

use super::super::ledger::Part;
use super::super::link::Link;
use super::super::prologue::{Prologue, Sql};
use super::super::statements::StatementMode;
use super::super::stream::Wire;
use super::line::ClientEnd;

/// One part of a prologue: what it is, its name, its text and its parameters.
pub(super) type Command<'a> = (Part, &'static str, &'a str, &'a [&'a str]);

pub(super) const BEGIN: Command<'static> = (Part::Begin, "begin", "BEGIN", &[]);

/// What the server gets of a prologue of both for the first time, from a tenant `acme`.
pub(super) const BEGUN: [&str; 8] = [
    "Close S begin",
    "Parse begin BEGIN []",
    "Bind - begin [] () []",
    "Execute - 0",
    "Close S context",
    "Parse context context $1 [25]",
    "Bind - context [] (acme) []",
    "Execute - 0",
];

pub(super) const fn context<'a>(tenant: &'a [&'a str; 1]) -> Command<'a> {
    (Part::Context, "context", "context $1", tenant)
}

/// What the connection's own task has to tell.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Notices and notifications, in the order in which they came.
    pub(super) unasked: RefCell<Vec<String>>,
    /// How the connection ended, once it has.
    pub(super) ended: RefCell<Option<Result<(), String>>>,
    /// The value of the parameter `p`.
    pub(super) parameter: RefCell<Option<String>>,
}

pub(super) struct Driver {
    pub(super) client: Client,
    pub(super) link: Arc<Link>,
    /// Statements that are not closed before the end of a script.
    kept: RefCell<Vec<Statement>>,
    waits_for_rest: RefCell<Option<Waker>>,
}

/// A request that was polled once, and so sent.
pub(super) enum Sent<'a, T> {
    Answered(T),
    Waiting(Pin<Box<dyn Future<Output = T> + 'a>>),
}

impl<T> Sent<'_, T> {
    /// Whether the answer is there.
    pub(super) async fn is_answered(&mut self) -> bool {
        if let Self::Waiting(request) = self {
            match poll_fn(|cx| Poll::Ready(request.as_mut().poll(cx))).await {
                Poll::Ready(answer) => *self = Self::Answered(answer),
                Poll::Pending => return false,
            }
        }
        true
    }

    pub(super) async fn answer(self) -> T {
        match self {
            Self::Answered(answer) => answer,
            Self::Waiting(request) => request.await,
        }
    }
}

impl Driver {
    /// Connects, runs the connection and hands out the client.
    pub(super) async fn run(
        end: ClientEnd,
        mode: StatementMode,
        heard: Rc<Heard>,
        client: Rc<Cell<Option<Self>>>,
    ) {
        let link = Arc::new(Link::new(mode));
        let stream = Wire::new(end, Arc::clone(&link), mode);
        let (driver, mut connection) = Config::new().user("u").connect_raw(stream, NoTls).await.unwrap();
        // The scripts' BackendKeyData names this process.
        link.served_by(0);
        client.set(Some(Self {
            client: driver,
            link,
            kept: RefCell::default(),
            waits_for_rest: RefCell::default(),
        }));
        let ended = loop {
            let message = poll_fn(|cx| {
                let message = connection.poll_message(cx);
                *heard.parameter.borrow_mut() = connection.parameter("p").map(str::to_owned);
                message
            });
            match message.await {
                Some(Ok(AsyncMessage::Notice(notice))) => {
                    heard.unasked.borrow_mut().push(notice.message().to_owned());
                }
                Some(Ok(AsyncMessage::Notification(notification))) => {
                    heard.unasked.borrow_mut().push(notification.payload().to_owned());
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => break Err(source(&error)),
                None => break Ok(()),
            }
        };
        *heard.ended.borrow_mut() = Some(ended);
    }

    /// Sends a request without waiting for its answer.
    pub(super) async fn send<'a, T: 'a>(&self, request: impl Future<Output = T> + 'a) -> Sent<'a, T> {
        let mut request = Box::pin(request);
        match poll_fn(|cx| Poll::Ready(request.as_mut().poll(cx))).await {
            Poll::Ready(answer) => Sent::Answered(answer),
            Poll::Pending => Sent::Waiting(request),
        }
    }

    /// Sends a request that carries a prologue, as the pool does: arms, and polls at once.
    ///
    /// A request that the driver refuses must leave the prologue where it is.
    pub(super) async fn carry<'a, T: 'a>(
        &self,
        prologue: &[Command<'_>],
        request: impl Future<Output = T> + 'a,
    ) -> Sent<'a, T> {
        let number = self.arm(prologue);
        let sent = self.send(request).await;
        if matches!(sent, Sent::Answered(_)) {
            assert!(self.link.disarm(number), "a request that was not sent took the prologue along");
        }
        sent
    }

    pub(super) fn arm(&self, prologue: &[Command<'_>]) -> u64 {
        let fill = |waiting: &mut Prologue| {
            prologue.iter().try_for_each(|&(part, name, sql, params)| {
                waiting.push(part, name, Sql::Shared(sql.into()), params.iter().copied())
            })
        };
        self.link.arm(None, fill).unwrap()
    }

    /// A statement of one parameter or none, which lives as long as the connection.
    pub(super) async fn prepare(&self, sql: &str) -> Statement {
        let statement = self.client.prepare(sql).await.unwrap();
        self.kept.borrow_mut().push(statement.clone());
        statement
    }

    pub(super) async fn typed(&self, sql: &str) -> String {
        told(self.client.query_typed(sql, &[]).await)
    }

    pub(super) async fn typed_with(&self, sql: &str, param: &str) -> String {
        told(self.client.query_typed(sql, &[(&param, Type::TEXT)]).await)
    }

    pub(super) async fn run_with(&self, statement: &Statement, param: &str) -> String {
        told(self.client.query(statement, &[&param]).await)
    }

    pub(super) async fn simple(&self, sql: &str) -> String {
        match self.client.batch_execute(sql).await {
            Ok(()) => "done".to_owned(),
            Err(error) => failed(&error),
        }
    }

    pub(super) async fn copy_in(&self, statement: &Statement) -> Result<Pin<Box<CopyInSink<Bytes>>>, String> {
        self.client.copy_in(statement).await.map(Box::pin).map_err(|error| failed(&error))
    }

    pub(super) async fn copy_out(&self, statement: &Statement) -> String {
        let copied: Result<Vec<Bytes>, Error> = match self.client.copy_out(statement).await {
            Ok(stream) => stream.try_collect().await,
            Err(error) => Err(error),
        };
        copied.map_or_else(
            |error| failed(&error),
            |data| format!("copied {}", String::from_utf8_lossy(&data.concat())),
        )
    }

    /// Waits until everything else rests: all that was to be sent is sent, and what the server has
    /// to say to it is said.
    pub(super) async fn rest(&self) {
        let mut asked = false;
        poll_fn(|cx| {
            // Answers to other requests wake this task, too.
            let mut waiting = self.waits_for_rest.borrow_mut();
            if std::mem::replace(&mut asked, true) && waiting.is_none() {
                return Poll::Ready(());
            }
            *waiting = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Everything else rests. Whether somebody was waiting for that.
    pub(super) fn rested(&self) -> bool {
        let waker = self.waits_for_rest.borrow_mut().take();
        waker.is_some_and(|waker| {
            waker.wake();
            true
        })
    }
}

/// An answer in a few words.
pub(super) fn told(answer: Result<Vec<Row>, Error>) -> String {
    match answer {
        Ok(rows) => {
            let rows: Result<Vec<&str>, Error> = rows.iter().map(|row| row.try_get(0)).collect();
            rows.map_or_else(|error| failed(&error), |rows| format!("rows {}", rows.join(",")))
        }
        Err(error) => failed(&error),
    }
}

pub(super) fn failed(error: &Error) -> String {
    match error.code() {
        Some(code) => format!("error {}", code.code()),
        None if error.is_closed() => "closed".to_owned(),
        None => error.to_string(),
    }
}

fn source(error: &Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), ToString::to_string)
}
