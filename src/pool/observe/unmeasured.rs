//! Without the feature `metrics`: nothing is measured, at no cost.

use std::time::{Duration, Instant};

use super::summary::Operation;
use crate::error::Error;
use crate::pool::stock::Counts;

#[derive(Debug)]
pub(in crate::pool) struct Meters;

impl Meters {
    pub(super) fn counted(&self, _: &Counts) {}
    pub(super) fn operation(&self, _: Operation, _: &str, _: Duration, _: Option<&str>) {}
    pub(super) fn transaction(&self, _: &str, _: Duration) {}
    pub(super) fn waited(&self, _: Instant, _: Option<&Error>) {}
    pub(super) fn used(&self, _: Instant) {}
    pub(super) fn created(&self, _: Instant) {}
    pub(super) fn shared(&self) {}
    pub(super) fn drained(&self, _: &'static str) {}
    pub(super) fn retried(&self, _: &str) {}
    pub(super) fn role_refused(&self) {}
    pub(super) fn system_access(&self, _: &str) {}
}
