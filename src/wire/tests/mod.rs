//! The stream against servers that follow a script, and against one that follows the protocol.
//!
//! The real driver talks through a [`Wire`](super::stream::Wire) to a server that is a script or a
//! model. Everything runs in one thread without a clock: a future is polled only when it was woken,
//! and when nothing is left to poll, everything has come to rest. So "nobody hangs" is no matter of
//! patience: at rest, each request has its answer or it never will.

mod armed;
mod between;
mod broken;
mod copy;
mod copy_failed;
mod described;
mod driver;
mod early;
mod ended;
mod faults;
mod frames;
mod joined;
mod key;
mod last;
mod ledger;
mod line;
mod memory;
mod model;
mod play;
mod prologue;
mod property;
mod random;
mod rest;
mod rows;
mod unnamed;
