//! Companies that work all at once, by way of the gateway, on a server of their own: what each of them is answered, what becomes of them when
//! the server, its roles and its tables change under them, and what their books say afterwards.
//!
//! A part of it takes 3 s; with `ERP_LOAD_SECONDS` it takes as many as that.

#[path = "../../examples/whole/parts/mod.rs"]
#[allow(dead_code, reason = "the example uses the rest")]
mod parts;

mod above;
mod below;
mod books;
mod client;
mod company;
mod end;
mod events;
mod load;
mod tally;
mod world;

use std::time::Duration;

use tokio::sync::Mutex;

/// Held by the test that runs: each is to have the machine for itself.
static TURN: Mutex<()> = Mutex::const_new(());

/// How long a part takes.
fn part() -> Duration {
    let seconds = std::env::var("ERP_LOAD_SECONDS").ok().map(|seconds| seconds.parse().unwrap());
    Duration::from_secs(seconds.unwrap_or(3))
}
