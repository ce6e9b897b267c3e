//! Without the feature `metrics` nothing measures, so there is nobody to be told anything.

use std::time::{Duration, Instant};

use super::summary::Operation;
use crate::error::Error;
use crate::pool::stock::Counts;

/// What measures: nothing.
#[derive(Debug)]
pub(in crate::pool) enum Meters {}

impl Meters {
    pub(super) fn counted(&self, _: &Counts) {
        match *self {}
    }

    pub(super) fn operation(&self, _: Operation, _: &str, _: Duration, _: Option<&str>) {
        match *self {}
    }

    pub(super) fn transaction(&self, _: &str, _: Duration) {
        match *self {}
    }

    pub(super) fn waited(&self, _: Instant, _: Option<&Error>) {
        match *self {}
    }

    pub(super) fn used(&self, _: Instant) {
        match *self {}
    }

    pub(super) fn created(&self, _: Instant) {
        match *self {}
    }

    pub(super) fn shared(&self) {
        match *self {}
    }

    pub(super) fn drained(&self, _: &'static str) {
        match *self {}
    }

    pub(super) fn retried(&self, _: &str) {
        match *self {}
    }

    pub(super) fn routed(&self, _: &'static str) {
        match *self {}
    }

    pub(super) fn role_refused(&self) {
        match *self {}
    }

    pub(super) fn system_access(&self, _: &str) {
        match *self {}
    }
}
