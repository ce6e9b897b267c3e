//! The spans that are opened while something runs on this thread.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub name: String,
    pub parent: Option<u64>,
    pub fields: BTreeMap<String, String>,
    pub closed: bool,
}

impl Seen {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

/// Spans by their numbers, in the order in which they were opened, and the events.
#[derive(Default)]
struct State {
    spans: BTreeMap<u64, Seen>,
    events: Vec<Seen>,
}

#[derive(Clone, Default)]
pub struct Spans(Arc<Mutex<State>>);

impl Spans {
    /// Listens on this thread until the guard goes.
    pub fn listen(level: LevelFilter) -> (Self, tracing::subscriber::DefaultGuard) {
        static OTHER: OnceLock<Dispatch> = OnceLock::new();
        OTHER.get_or_init(|| Dispatch::new(tracing_subscriber::registry()));
        let spans = Self::default();
        let subscriber = tracing_subscriber::registry().with(spans.clone().with_filter(level));
        (spans, tracing::subscriber::set_default(subscriber))
    }

    pub fn all(&self) -> Vec<Seen> {
        self.0.lock().unwrap().spans.values().cloned().collect()
    }

    pub fn named(&self, name: &str) -> Vec<Seen> {
        self.all().into_iter().filter(|span| span.name == name).collect()
    }

    /// The only one of this name.
    pub fn only(&self, name: &str) -> Seen {
        let mut named = self.named(name);
        assert_eq!(named.len(), 1, "{name}: {named:#?}");
        named.remove(0)
    }

    /// The name of a span's parent.
    pub fn parent(&self, span: &Seen) -> Option<String> {
        Some(self.0.lock().unwrap().spans.get(&span.parent?)?.name.clone())
    }

    pub fn events(&self) -> Vec<Seen> {
        self.0.lock().unwrap().events.clone()
    }
}

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let parent = if attributes.is_contextual() {
            context.lookup_current().map(|span| span.id().into_u64())
        } else {
            attributes.parent().map(Id::into_u64)
        };
        let mut seen = Seen { name: attributes.metadata().name().to_owned(), parent, ..Seen::default() };
        attributes.record(&mut Fields(&mut seen.fields));
        self.0.lock().unwrap().spans.insert(id.into_u64(), seen);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        if let Some(seen) = self.0.lock().unwrap().spans.get_mut(&id.into_u64()) {
            values.record(&mut Fields(&mut seen.fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut seen = Seen { name: event.metadata().target().to_owned(), ..Seen::default() };
        event.record(&mut Fields(&mut seen.fields));
        self.0.lock().unwrap().events.push(seen);
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        if let Some(seen) = self.0.lock().unwrap().spans.get_mut(&id.into_u64()) {
            seen.closed = true;
        }
    }
}
