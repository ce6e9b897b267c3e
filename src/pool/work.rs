//! One open transaction: its connection, whether it has begun, and whether it has failed.

mod batch;
mod end;
mod limit;
mod open;
mod openers;
mod prepare;
mod restart;
mod savepoint;
mod unread;
mod watch;
mod writing;

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::OnceCell;
use tokio_postgres::Error as PgError;
use tokio_postgres::error::SqlState;
use tracing::{Instrument, Span};

use self::openers::Openers;
use self::unread::Unread;
use super::answers::Answers;
use super::binding::{Bound, Form};
use super::connection::Connection;
use super::drain::Debt;
use super::lease::Lease;
use super::observe::Call;
use super::statement::Place;
use super::way::Way;
use crate::error::{Error, Kind, Result, Step, code_is_retryable, connection_is_lost};
use crate::wire::{Part, Stage, kept};

pub(super) use self::end::POSITION;
pub(super) use self::open::{Hold, Open};
pub(super) use self::savepoint::{SavepointEnd, SavepointMark};

const NOT_BEGUN: &str = "its transaction did not begin";

/// An answer that is an error in an aborted transaction and nothing at all in a sound one.
const PROBE: &str = "SELECT WHERE false";

/// A transaction that begins with its first statement.
pub(super) struct Work {
    way: Way,
    bound: Bound,
    connection: OnceCell<Connection>,
    begun: Mutex<bool>,
    /// The answers to BEGIN and context, until somebody has waited for them.
    opening: Mutex<Answers>,
    opened: AtomicBool,
    openers: Arc<Openers>,
    failure: Mutex<Option<Failure>>,
    /// Statements whose answer nobody has read to its end: under way, or given up by the caller.
    unread: AtomicUsize,
    /// What is open, as an [`Open`], or zero.
    open: AtomicU8,
    names: AtomicUsize,
    /// How many requests were sent since the transaction began.
    sent: AtomicUsize,
    /// Whether a statement failed whose description was out of date, and was forgotten since.
    stale: AtomicBool,
    /// The transaction, for those who watch.
    call: Mutex<Call>,
}

#[derive(Clone)]
enum Failure {
    /// The server aborted the transaction; a rollback to a savepoint can heal it.
    Aborted(Option<SqlState>),
    /// The connection must not be used any more.
    GivenUp(&'static str),
}

/// Another attempt at a transaction may go well, which has failed for this SQLSTATE, if for one.
pub(super) struct Again(pub(super) Option<SqlState>);

impl Failure {
    fn error(&self) -> Error {
        Error::from(match self {
            Self::Aborted(code) => Kind::Aborted { code: code.clone() },
            Self::GivenUp(why) => Kind::GivenUp { why },
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Work {
    pub(super) fn new(way: Way, bound: Bound) -> Self {
        Self {
            call: Mutex::new(Call::UNWATCHED),
            way,
            bound,
            connection: OnceCell::new(),
            begun: Mutex::new(false),
            opening: Mutex::default(),
            opened: AtomicBool::new(false),
            openers: Arc::default(),
            failure: Mutex::new(None),
            unread: AtomicUsize::new(0),
            open: AtomicU8::new(0),
            names: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
            stale: AtomicBool::new(false),
        }
    }

    pub(super) fn way(&self) -> &Way {
        &self.way
    }

    pub(super) fn bound(&self) -> &Bound {
        &self.bound
    }

    /// The transaction's connection, checked out at the first call.
    pub(super) async fn connection(&self) -> Result<&Connection> {
        self.is_usable()?;
        let connecting = || {
            let span = lock(&self.call).span();
            self.way.connection(&self.bound).instrument(span)
        };
        let connection = self.connection.get_or_try_init(connecting).await?;
        if self.way.may_leave_primary() {
            connection.lease.opener().observer.shows_server(&Span::current());
        }
        Ok(connection)
    }

    /// Where its statements run, for their judge.
    pub(super) fn place(&self) -> Place<'_> {
        Place::Transaction(self.bound.as_ref().map_or("", |binding| binding.carrier()))
    }

    /// The connection, if one was checked out.
    pub(super) fn lease(&self) -> Option<&Arc<Lease>> {
        self.connection.get().map(|connection| &connection.lease)
    }

    /// Runs a request inside the transaction; the first one carries BEGIN and context ahead of it.
    ///
    /// Dropped, the request stays counted as unread, so that a commit knows to be careful.
    pub(super) async fn run<T>(
        &self,
        connection: &Connection,
        step: Step,
        mut request: Pin<&mut impl Future<Output = Result<T, PgError>>>,
    ) -> Result<T> {
        let unread = Unread::count(self);
        let sent = poll_fn(|cx| Poll::Ready(self.send(connection, request.as_mut(), cx, || {}))).await;
        match sent {
            Ok(first) => self.rest(connection, unread, step, first, request).await,
            Err(refused) => {
                unread.read();
                Err(refused)
            }
        }
    }

    /// Waits for the answer to a request that was sent.
    async fn rest<T>(
        &self,
        connection: &Connection,
        unread: Unread<'_>,
        step: Step,
        first: Poll<Result<T, PgError>>,
        request: Pin<&mut impl Future<Output = Result<T, PgError>>>,
    ) -> Result<T> {
        let (opened, answer) = self.answered(first, request).await;
        opened?;
        unread.read();
        match answer {
            // Without its BEGIN, what followed ran outside of any transaction.
            Ok(_) if self.opening_failed() == Some(Part::Begin) => {
                self.give_up(NOT_BEGUN);
                Err(Error::from(Kind::GivenUp { why: NOT_BEGUN }))
            }
            Ok(value) => {
                connection.lease.still_fits().inspect_err(|_| self.note_stale())?;
                Ok(value)
            }
            Err(error) => Err(self.fail(step, error)),
        }
    }

    /// Sends a request of the transaction, unless something is open. The first one goes with BEGIN and context ahead of it.
    /// What `sent` does is done before anybody else can send.
    fn send<F: Future>(
        &self,
        connection: &Connection,
        request: Pin<&mut F>,
        cx: &mut Context<'_>,
        sent: impl FnOnce(),
    ) -> Result<Poll<F::Output>> {
        // Held, so that nobody else's request comes between.
        let mut begun = lock(&self.begun);
        self.is_free()?;
        self.sent.fetch_add(1, Ordering::AcqRel);
        if *begun {
            let first = self.write(connection.lease.writing(Debt::Close), request, cx);
            sent();
            return Ok(first);
        }
        let opening = connection.strategy().open(connection, Form::Block)?;
        let first = self.write(connection.lease.writing(opening.debt()), request, cx);
        if let Some(answers) = opening.follow(&first) {
            *lock(&self.opening) = answers;
            *begun = true;
            sent();
        } else {
            // The driver does not take the request, and nothing was sent.
            self.sent.fetch_sub(1, Ordering::AcqRel);
            connection.lease.owe(Debt::None);
        }
        Ok(first)
    }

    /// Runs a request of a transaction that has begun.
    ///
    /// Answers are read in the order in which they come: the driver keeps no more than a few pieces
    /// of one that nobody reads, and then reads nothing of those behind it.
    async fn behind_opening<T>(&self, request: impl Future<Output = T>) -> (Result<()>, T) {
        let mut request = pin!(request);
        // The request sends itself at its first poll.
        let first = poll_fn(|cx| Poll::Ready(request.as_mut().poll(cx))).await;
        self.answered(first, request).await
    }

    /// The answers to the opening and to a request that was polled once.
    async fn answered<F: Future>(
        &self,
        first: Poll<F::Output>,
        request: Pin<&mut F>,
    ) -> (Result<()>, F::Output) {
        let opened = self.opening_answered().await;
        let answer = match first {
            Poll::Ready(answer) => answer,
            Poll::Pending => request.await,
        };
        (opened, answer)
    }

    /// Which part of the opening failed, where the first request carried it.
    pub(super) fn opening_failed(&self) -> Option<Part> {
        match self.lease()?.link().failed() {
            Some(Stage::Prologue(part)) => Some(part),
            _ => None,
        }
    }

    /// Waits for the answers to BEGIN and context. Every statement does, because any of them may
    /// be the first whose caller stays to hear them.
    async fn opening_answered(&self) -> Result<()> {
        if self.opened.load(Ordering::Acquire) {
            return Ok(());
        }
        match poll_fn(|cx| self.poll_opening(cx)).await {
            Ok(()) => {
                self.opened.store(true, Ordering::Release);
                match &*lock(&self.failure) {
                    Some(failure @ Failure::GivenUp(_)) => Err(failure.error()),
                    _ => Ok(()),
                }
            }
            Err((Step::Begin, error)) => {
                // Without its BEGIN, what followed ran outside of any transaction.
                self.give_up(NOT_BEGUN);
                Err(self.error(Step::Begin, error))
            }
            Err((step, error)) => Err(self.fail(step, error)),
        }
    }

    /// Reads the answers to BEGIN and context, for whoever of those that wait is polled. None of
    /// them keeps the others from it, even one that is not polled any more and not dropped either.
    fn poll_opening(&self, cx: &mut Context<'_>) -> Poll<Result<(), (Step, PgError)>> {
        self.openers.add(cx.waker());
        let waker = Waker::from(Arc::clone(&self.openers));
        lock(&self.opening).poll_all(&mut Context::from_waker(&waker))
    }

    /// Marks the connection as one that nobody may use again.
    pub(super) fn give_up(&self, why: &'static str) {
        self.give_up_owing(Debt::Close, why);
    }

    fn give_up_owing(&self, debt: Debt, why: &'static str) {
        if let Some(lease) = self.lease() {
            lease.owe(debt);
        }
        *lock(&self.failure) = Some(Failure::GivenUp(why));
    }

    /// Notes an error that the server reported for a statement of this transaction.
    pub(super) fn fail(&self, step: Step, error: PgError) -> Error {
        let step = match self.opening_failed() {
            Some(Part::Begin) => {
                self.did_not_begin(&error);
                return self.error(Step::Begin, error);
            }
            Some(Part::Context) if self.failure().is_none() => Step::Bind,
            _ => step,
        };
        // An error that stands for rows that are kept comes from no server.
        if error.code().is_some_and(|code| code.code() == kept::STATE) {
            return self.error(step, error);
        }
        // An error of the driver's own, of a parameter that does not convert for one, reached no server.
        let lost = connection_is_lost(&error);
        let error = self.error(step, error);
        // A standby ends a session for the same reasons as a statement, and says so with the same code.
        let code = error.code().filter(|code| !lost || code_is_retryable(code)).cloned();
        if lost || code.is_some() {
            lock(&self.failure).get_or_insert(Failure::Aborted(code));
        }
        error
    }

    fn error(&self, step: Step, error: PgError) -> Error {
        match self.lease() {
            Some(lease) => lease.error(step, error),
            None => Error::server(step, error),
        }
    }

    /// Whether the server aborted the transaction for a reason that a new attempt may not meet, and its SQLSTATE if it
    /// has one.
    pub(super) fn failed_retryably(&self) -> Option<Again> {
        match &*lock(&self.failure) {
            Some(Failure::Aborted(Some(code))) if code_is_retryable(code) => Some(Again(Some(code.clone()))),
            _ => self.stale.load(Ordering::Acquire).then_some(Again(None)),
        }
    }

    fn failure(&self) -> Option<Failure> {
        lock(&self.failure).clone()
    }

    /// Whether anything was sent that has to be ended.
    pub(super) fn has_begun(&self) -> Option<&Connection> {
        lock(&self.begun).then(|| self.connection.get()).flatten()
    }

    /// The error of a statement that failed since the savepoint began, if one did.
    pub(super) fn failed(&self) -> Option<Error> {
        self.failure().map(|failure| failure.error())
    }

    /// A name for a savepoint or cursor that the transaction has not used yet.
    pub(super) fn next_name(&self) -> String {
        format!("tenantry_{}", self.names.fetch_add(1, Ordering::Relaxed))
    }
}
