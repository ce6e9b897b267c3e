//! How a run ends.

use std::error::Error as StdError;
use std::process::ExitCode;

use crate::conninfo::Unfit;
use crate::error::Error;
use crate::policy::manifest::Problem;

/// What the tool's exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// It is done, and nothing that was asked for is found wanting.
    Clean = 0,
    /// Something is left to do: SQL that is missing, a table to settle.
    Findings = 1,
    /// The arguments, the manifest or a file are not what they have to be.
    Usage = 2,
    /// The database cannot be reached or read, the role lacks a right in it, or a migration failed in it, or a file that is linted.
    Database = 3,
    /// SIGTERM has ended it: 128 and the signal's number, as a shell says it of a process that the signal killed.
    Terminated = 143,
}

impl Exit {
    /// What the exit codes mean, as the help of every command shows it.
    pub(super) const HELP: &str = "\
0    done; nothing is missing (plan --check), pending (migrate --check), or found of the severity that fails (lint, audit)
1    findings: something has to be settled, is missing or pending (--check), was found (lint, audit, migrate), or is not proved (prove)
2    usage: arguments, the manifest, or a file that cannot be read or written
3    database: it cannot be reached, the role lacks a privilege or a role in it, or a migration, a step or a file (lint --server) failed in it
143  ended by SIGTERM";

    /// One word for it, for JSON.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Findings => "findings",
            Self::Usage => "usage",
            Self::Database => "database",
            Self::Terminated => "terminated",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not come to its end. Every line is lower-case and without a final period, and none holds a secret.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    /// What failed, in one line.
    pub(super) line: String,
    /// What led to it, the nearest first.
    pub(super) causes: Vec<String>,
    /// What to do about it.
    pub(super) help: Option<String>,
    /// Everything that is wrong with a file.
    pub(super) flaws: Option<Box<Flaws>>,
}

/// What is wrong with a file.
#[derive(Clone, Debug)]
pub(super) struct Flaws {
    pub(super) file: String,
    pub(super) problems: Vec<Problem>,
}

impl Failure {
    pub(super) fn usage(line: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, line: line.into(), causes: Vec::new(), help: None, flaws: None }
    }

    pub(super) fn database(line: impl Into<String>) -> Self {
        Self { exit: Exit::Database, ..Self::usage(line) }
    }

    /// What SIGTERM leaves to say.
    pub(super) fn terminated() -> Self {
        let failure = Self { exit: Exit::Terminated, ..Self::usage("ended by SIGTERM") };
        failure.help(
            "the server rolls back what was under way; tenantry migrate and tenantry adopt go on from there when they are run again",
        )
    }

    pub(super) fn cause(mut self, line: impl Into<String>) -> Self {
        self.causes.push(line.into());
        self
    }

    pub(super) fn help(mut self, line: impl Into<String>) -> Self {
        self.help = Some(line.into());
        self
    }
}

impl From<Unfit> for Failure {
    fn from(unfit: Unfit) -> Self {
        let Unfit { line, causes, help } = unfit;
        Self { causes, help, ..Self::usage(line) }
    }
}

/// The lines of an error of the driver's, the server's own words where it spoke.
pub(super) fn causes(error: &tokio_postgres::Error) -> Vec<String> {
    if let Some(db) = error.as_db_error() {
        let said = format!("{}: {}", db.severity(), db.message());
        let more = [("detail", db.detail()), ("hint", db.hint())];
        let more = more.into_iter().filter_map(|(what, text)| text.map(|text| format!("{what}: {text}")));
        return std::iter::once(said).chain(more).collect();
    }
    let mut lines = Vec::new();
    // What the driver says itself is which of its parts failed; its cause says why.
    let mut next = Some(error.source().unwrap_or(error));
    while let Some(error) = next {
        let line = error.to_string();
        if lines.last() != Some(&line) {
            lines.push(line);
        }
        next = error.source();
    }
    lines
}

/// An error of this crate's while it talked to the server.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let failure =
            if error.is_usage() { Self::usage(error.to_string()) } else { Self::database(error.to_string()) };
        let source = error.source().and_then(|source| source.downcast_ref());
        let mut causes: Vec<String> = source.map(causes).unwrap_or_default();
        // Where the line repeats the server's words already, it has said them.
        let said =
            |cause: &String| cause.split_once(": ").is_some_and(|(_, text)| failure.line.contains(text));
        causes.retain(|cause| !said(cause));
        Self { causes, ..failure }
    }
}
