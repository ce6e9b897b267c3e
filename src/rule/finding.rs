//! What a rule has found, and where.

use std::collections::BTreeSet;

use super::place::Place;
use super::record::{Rule, Severity};
use crate::catalog::Object;
use crate::catalog::replay::Step;
use crate::error::Result;
use crate::ident::Ident;

/// Something that a rule has found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How much it matters here.
    pub severity: Severity,
    /// What it is about.
    pub object: Object,
    /// What is wrong, in one line.
    pub message: String,
    /// The SQL that mends it, where that follows from what is there.
    pub sql: Option<String>,
    /// Where it stands, if it was found in files.
    pub place: Option<Place>,
    pub(super) statement: Option<usize>,
    pub(super) anchor: Option<Object>,
    pub(super) word: Option<String>,
}

impl Finding {
    /// What to do about it: SQL where that follows from what is there, advice otherwise.
    #[must_use]
    pub fn fix(&self) -> &str {
        self.sql.as_deref().unwrap_or(self.rule.fix)
    }

    /// Gives it another severity than the rule's.
    pub(super) fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }

    /// Gives it the SQL that mends it. A failure to write it leaves the rule's advice.
    pub(super) fn sql(&mut self, sql: Result<String>) -> &mut Self {
        self.sql = sql.ok();
        self
    }

    /// Shows the statement that another object comes from, rather than its own.
    pub(super) fn from(&mut self, object: Object) -> &mut Self {
        self.anchor = Some(object);
        self
    }

    /// Shows this statement.
    pub(super) fn at(&mut self, step: &Step<'_>) -> &mut Self {
        self.statement(step.index)
    }

    /// Shows the statement at this place among all.
    pub(super) fn statement(&mut self, index: usize) -> &mut Self {
        self.statement = Some(index);
        self
    }

    /// Shows this word of the statement rather than its beginning.
    pub(super) fn word(&mut self, word: impl Into<String>) -> &mut Self {
        self.word = Some(word.into());
        self
    }

    /// Shows the first of a constraint's columns where the statement does not name the constraint.
    pub(super) fn column(&mut self, columns: Option<&Ident>) -> &mut Self {
        self.word = columns.map(|column| column.as_str().to_owned());
        self
    }
}

/// What has been found so far.
#[derive(Debug)]
pub(super) struct Findings {
    rule: &'static Rule,
    found: Vec<Finding>,
}

impl Findings {
    pub(super) fn of(rule: &'static Rule) -> Self {
        Self { rule, found: Vec::new() }
    }

    /// Adds a finding, of which more can be said.
    pub(super) fn add(&mut self, object: Object, message: impl Into<String>) -> &mut Finding {
        let finding = Finding {
            rule: self.rule,
            severity: self.rule.severity,
            object,
            message: message.into(),
            sql: None,
            place: None,
            statement: None,
            anchor: None,
            word: None,
        };
        let at = self.found.len();
        self.found.push(finding);
        &mut self.found[at]
    }

    pub(super) fn into_found(self) -> Vec<Finding> {
        self.found
    }

    /// What was found, each message about an object and statement once.
    pub(super) fn into_distinct(self) -> Vec<Finding> {
        let mut seen = BTreeSet::new();
        let key = |finding: &Finding| (finding.object.clone(), finding.statement, finding.message.clone());
        self.found.into_iter().filter(|finding| seen.insert(key(finding))).collect()
    }
}
