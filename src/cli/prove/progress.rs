//! How far a proof has come, on a terminal; in a pipe it is quiet.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output::Terminal;
use crate::cli::output::style::plain;

/// A bar on the standard error stream.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn new(terminal: Terminal) -> Self {
        let is_seen = !terminal.is_json() && io::stderr().is_terminal();
        let bar = is_seen.then(|| {
            let bar = ProgressBar::new(0);
            if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos} of {len}  {wide_msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self { bar }
    }

    /// So many of so many are done, and this comes next.
    pub(super) fn see(&self, done: usize, of: usize, next: &str) {
        let Some(bar) = &self.bar else { return };
        let number = |of: usize| u64::try_from(of).unwrap_or(u64::MAX);
        bar.set_length(number(of));
        bar.set_position(number(done));
        bar.set_message(plain(next));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
