#!/bin/sh
# Asking tracing's enabled! for DEBUG makes a layer that listens to INFO miss the warning that comes next.
#
# Expected: enabled! only asks. Its documentation names it as the way to skip costly work where nobody listens, and an event is
# given to each layer whose own filter lets it through.
# Seen: with two layers, each with a level filter of its own (a log at INFO, traces at DEBUG), a warning that follows
# enabled!(Level::DEBUG) reaches the layer for traces, but not the log. The next one reaches both again. What the filters answered to
# the question stays noted on the thread, and the event, which every filter wants always, is not asked for again.
# A library that asks ahead of making a span so takes warnings away from its users: it should make the span and see whether
# it is disabled.
# Versions: tracing 0.1.44, tracing-subscriber 0.3.23.
# Source: https://docs.rs/tracing/0.1.44/tracing/macro.enabled.html and
# https://docs.rs/tracing-subscriber/0.3.23/tracing_subscriber/layer/index.html#per-layer-filtering; the same by the
# `log` crate is tokio-rs/tracing#2519.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat >"$folder/Cargo.toml" <<'TOML'
[package]
name = "seen"
version = "0.0.0"
edition = "2021"

[dependencies]
tracing = "=0.1.44"
tracing-subscriber = { version = "=0.3.23", default-features = false, features = ["registry", "std"] }
TOML
cat >"$folder/src/main.rs" <<'RUST'
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::{enabled, warn, Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

static LOG: AtomicUsize = AtomicUsize::new(0);
static TRACES: AtomicUsize = AtomicUsize::new(0);

struct Count(&'static AtomicUsize);

impl<S: Subscriber> Layer<S> for Count {
    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn main() {
    let layers = tracing_subscriber::registry()
        .with(Count(&LOG).with_filter(LevelFilter::INFO))
        .with(Count(&TRACES).with_filter(LevelFilter::DEBUG));
    tracing::subscriber::set_global_default(layers).unwrap();
    for asks in [false, true, false] {
        let _ = asks && enabled!(Level::DEBUG);
        warn!("something is wrong");
        let seen = [&LOG, &TRACES].map(|count| count.swap(0, Ordering::Relaxed));
        println!("asked first: {asks:5}  the log got {}, the traces got {}", seen[0], seen[1]);
    }
}
RUST
seen=$(cargo run --quiet --manifest-path "$folder/Cargo.toml" --target-dir "$folder/target")
echo "$seen"
expected='asked first: false  the log got 1, the traces got 1
asked first: true   the log got 0, the traces got 1
asked first: false  the log got 1, the traces got 1'
[ "$seen" = "$expected" ]
