//! The ERP as its users, its operators and its attackers meet it.

mod document;
mod files;
mod nightly;
mod outbox;
mod page;
mod refused;
mod service;
#[path = "../support/mod.rs"]
mod support;
mod webhook;
