//! A statement or a transaction that somebody watches, from its begin to its end.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::sync::Arc;
use std::time::Instant;

use tracing::span::Id;
use tracing::{Level, Span, debug_span, field, level_enabled, warn};

use super::outcome::{error_type, outcome, sqlstate};
#[cfg(feature = "test-util")]
use super::recorder::Noted;
use super::summary::{Operation, summary};
use super::{Observer, Place, names};
use crate::error::Error;
use crate::pool::binding::{Binding, Bound};
use crate::pool::way::Way;

/// A statement or a transaction; nothing where nobody watches. Dropped before its end, it was abandoned.
pub(in crate::pool) struct Call(Option<Box<Watched>>);

/// What is watched.
#[derive(Clone, Copy)]
pub(in crate::pool) enum Kind<'a> {
    Statement {
        operation: Operation,
        /// The statement's text, where it is known.
        text: Option<&'a str>,
        /// The transaction to which it belongs.
        within: Option<&'a Call>,
    },
    Transaction,
}

struct Watched {
    observer: Arc<Observer>,
    span: Span,
    since: Instant,
    /// None of a transaction.
    operation: Option<Operation>,
    /// For a warning, which is seldom, and for what it shows of it.
    text: Option<String>,
    /// The tenant as it is to be shown.
    tenant: Option<String>,
    /// In which span it began.
    begun_in: Option<Id>,
    #[cfg(feature = "test-util")]
    noted: Option<Noted>,
}

impl Observer {
    /// Whether anybody may want to hear of a statement or a transaction.
    ///
    /// Whether somebody wants to is told by the span itself, and by no `enabled!`: that leaves the filters of subscribers that
    /// have one for each layer set for what was asked, and the next event goes through them without being asked for.
    pub(in crate::pool) fn is_watched(&self) -> bool {
        self.is_heard_of() || level_enabled!(Level::DEBUG)
    }

    /// The same of what is told at the end, whether there is a span or not.
    fn is_heard_of(&self) -> bool {
        #[cfg(feature = "test-util")]
        if self.observing.recorder.is_some() {
            return true;
        }
        self.meters.is_some() || self.observing.slow.is_some()
    }
}

impl Observer {
    /// What the fields say is found out for a span that somebody wants alone.
    fn statement(
        &self,
        operation: Operation,
        text: Option<&str>,
        within: Option<&Call>,
        place: Option<&Place>,
    ) -> Span {
        let told = LazyCell::new(|| {
            text.map_or_else(|| operation.name().to_owned(), |text| summary(operation, text))
        });
        debug_span!(
            target: "tenantry::statement",
            parent: &within.and_then(Call::parent).unwrap_or_else(Span::current),
            "statement",
            otel.name = told.as_str(),
            otel.kind = "client",
            otel.status_code = field::Empty,
            db.system.name = names::SYSTEM,
            db.namespace = self.place.database,
            db.operation.name = operation.name(),
            db.query.summary = told.as_str(),
            db.query.text = text.filter(|_| self.observing.query_text),
            db.response.status_code = field::Empty,
            error.type = field::Empty,
            server.address = place.map(|place| &*place.server),
            server.port = place.map(|place| place.port),
            tenantry.route = field::Empty,
            tenantry.tenant = field::Empty,
            tenantry.system.reason = field::Empty,
            tenantry.outcome = field::Empty,
        )
    }

    fn transaction(&self, place: Option<&Place>) -> Span {
        debug_span!(
            target: "tenantry::transaction", "transaction",
            otel.kind = "client",
            otel.status_code = field::Empty,
            db.system.name = names::SYSTEM,
            db.namespace = self.place.database,
            db.response.status_code = field::Empty,
            error.type = field::Empty,
            server.address = place.map(|place| &*place.server),
            server.port = place.map(|place| place.port),
            tenantry.route = field::Empty,
            tenantry.tenant = field::Empty,
            tenantry.system.reason = field::Empty,
            tenantry.outcome = field::Empty,
        )
    }
}

impl Call {
    /// What nobody watches.
    pub(in crate::pool) const UNWATCHED: Self = Self(None);

    /// Begins to watch, where anybody does.
    pub(in crate::pool) fn begin(way: &Way, bound: &Bound, kind: Kind<'_>) -> Self {
        let observer = way.primary().observer();
        // Which server it is, is recorded once it is chosen.
        let place = (!way.may_leave_primary()).then_some(&observer.place);
        let binding = bound.as_deref().ok();
        let (span, operation, begun_in) = match kind {
            Kind::Statement { operation, text, within } => {
                (observer.statement(operation, text, within, place), Some(operation), None)
            }
            Kind::Transaction => (observer.transaction(place), None, Span::current().id()),
        };
        if span.is_disabled() && !observer.is_heard_of() {
            return Self::UNWATCHED;
        }
        let tenant = binding.and_then(Binding::tenant_value);
        let tenant = tenant.and_then(|tenant| observer.observing.tenant.show(tenant)).map(Cow::into_owned);
        if let Some(reason) = binding.and_then(Binding::reason) {
            span.record("tenantry.system.reason", reason);
        }
        if let Some(tenant) = &tenant {
            span.record("tenantry.tenant", tenant.as_str());
        }
        let observing = &observer.observing;
        let text = match kind {
            Kind::Statement { text, .. } if observing.slow.is_some() => text.map(str::to_owned),
            _ => None,
        };
        Self(Some(Box::new(Watched {
            observer: Arc::clone(observer),
            span,
            since: Instant::now(),
            operation,
            text,
            tenant,
            begun_in,
            #[cfg(feature = "test-util")]
            noted: observing.recorder.as_ref().map(|recorder| match kind {
                Kind::Statement { operation, text, within } => {
                    recorder.statement(bound, operation, text, within)
                }
                Kind::Transaction => recorder.transaction(bound),
            }),
        })))
    }

    /// The span in which it runs.
    pub(in crate::pool) fn span(&self) -> Span {
        self.0.as_ref().map_or_else(Span::none, |watched| watched.span.clone())
    }

    /// It has come to its end, with this error if with one.
    pub(in crate::pool) fn ended(&mut self, error: Option<&Error>) {
        if let Some(watched) = self.0.take() {
            watched.ended(error);
        }
    }

    /// It was undone as its caller wanted.
    pub(in crate::pool) fn rolled_back(&mut self) {
        if let Some(watched) = self.0.take() {
            watched.tell(names::ROLLED_BACK);
        }
    }

    /// It has done nothing of which anybody would want to hear.
    pub(in crate::pool) fn dismiss(&mut self) {
        self.0 = None;
    }

    /// The number of a transaction that is noted.
    #[cfg(feature = "test-util")]
    pub(super) fn number(&self) -> Option<u64> {
        self.0.as_ref()?.noted.as_ref()?.transaction()
    }

    /// What is done within it now has this for its parent: itself, unless somebody has entered another span since it began.
    fn parent(&self) -> Option<Span> {
        let watched = self.0.as_ref()?;
        (Span::current().id() == watched.begun_in).then(|| watched.span.clone())
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(watched) = self.0.take() {
            watched.abandoned();
        }
    }
}

impl Watched {
    fn ended(&self, error: Option<&Error>) {
        if let Some(error) = error {
            let (kind, code) = (error_type(error), sqlstate(error));
            self.span.record("error.type", kind).record("otel.status_code", "ERROR");
            if !code.is_empty() {
                self.span.record("db.response.status_code", code);
            }
        }
        let outcome = error.map_or(names::OK, outcome);
        #[cfg(feature = "test-util")]
        self.note(error.map_or(outcome, error_type));
        self.tell(outcome);
    }

    fn abandoned(&self) {
        #[cfg(feature = "test-util")]
        self.note(names::ABANDONED);
        self.tell(names::ABANDONED);
    }

    /// Notes a statement for a test.
    #[cfg(feature = "test-util")]
    fn note(&self, outcome: &str) {
        if let (Some(noted), Some(_)) = (&self.noted, self.operation) {
            noted.ended(outcome);
        }
    }

    fn tell(&self, outcome: &str) {
        self.span.record("tenantry.outcome", outcome);
        let took = self.since.elapsed();
        if let Some(meters) = self.observer.meters() {
            match self.operation {
                Some(operation) => meters.operation(operation, outcome, took, self.tenant.as_deref()),
                None => meters.transaction(outcome, took),
            }
        }
        let (Some(operation), Some(limit)) = (self.operation, self.observer.observing.slow) else { return };
        if took >= limit {
            let text = self.text.as_deref();
            let summary = text.map(|text| summary(operation, text));
            warn!(
                target: "tenantry::slow", parent: &self.span,
                ?took,
                db.query.summary = summary.as_deref().unwrap_or(operation.name()),
                db.query.text = text.filter(|_| self.observer.observing.query_text),
                tenantry.tenant = self.tenant,
                tenantry.outcome = outcome,
                "slow statement"
            );
        }
    }
}
