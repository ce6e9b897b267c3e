//! What runs by itself or is called: functions, triggers, rewrite rules.

use std::collections::{BTreeMap, BTreeSet};

use super::expr::Expr;
use super::security::Grant;
use super::tokens::tokens;
use crate::ident::{Ident, QualifiedName};

/// A function's name and the types of its input arguments, which together are its identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    /// The name.
    pub name: QualifiedName,
    /// The types of the input arguments, as `format_type` writes them.
    pub arguments: Vec<String>,
}

/// A function, procedure or aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own, as the catalog has them")]
pub struct Function {
    /// What it is.
    pub kind: FunctionKind,
    /// The role that owns it.
    pub owner: Ident,
    /// Whether the owner is only assumed: files made it, and nobody says who runs them. Never of a live database.
    pub owner_is_assumed: bool,
    /// The language, such as `sql`.
    pub language: String,
    /// All arguments in order, those of the output included.
    pub arguments: Vec<Argument>,
    /// What it returns, as the server writes it, such as `SETOF integer`; `None` for a procedure.
    pub returns: Option<String>,
    /// What the planner may assume.
    pub volatility: Volatility,
    /// Whether a parallel plan may call it.
    pub parallel: Parallel,
    /// Whether it runs with the rights of its owner.
    pub security_definer: bool,
    /// Whether the planner may call it before a policy is evaluated.
    pub leakproof: bool,
    /// Whether it returns NULL for NULL without being called.
    pub strict: bool,
    /// The settings that hold while it runs.
    pub settings: BTreeMap<String, String>,
    /// The text of its body; for a body in standard SQL, what the server or the file says, in tokens joined by one space.
    pub body: String,
    /// What others than its owner may do. PUBLIC may execute a new function.
    pub grants: BTreeSet<Grant>,
    /// What `COMMENT ON FUNCTION` says of it.
    pub comment: Option<String>,
    /// The extension that it belongs to.
    pub extension: Option<Ident>,
}

impl Function {
    /// Whether it returns rows rather than a value.
    #[must_use]
    pub fn returns_set(&self) -> bool {
        self.returns.as_deref().is_some_and(|of| of.starts_with("SETOF ") || of.starts_with("TABLE("))
    }

    /// Whether its body is standard SQL, whose names were found when it was made.
    #[must_use]
    pub fn is_in_standard_sql(&self) -> bool {
        let body = self.body.trim_start();
        let starts =
            |word: &str| body.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        self.language == "sql" && (starts("return ") || starts("begin atomic"))
    }

    /// A body in standard SQL as [`body`](Self::body) has it: its tokens, without comments, joined by one space.
    #[must_use]
    pub fn joined_tokens(text: &str) -> String {
        let Some(tokens) = tokens(text) else { return text.to_owned() };
        let words: Vec<&str> = tokens.into_iter().map(|(_, range)| &text[range]).collect();
        words.join(" ")
    }
}

/// An argument of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name, where it has one.
    pub name: Option<Ident>,
    /// Its type, as `format_type` writes it.
    pub data_type: String,
    /// `IN`, `OUT`, `INOUT`, `VARIADIC` or `TABLE`.
    pub mode: &'static str,
}

/// What kind of function it is: `prokind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// A function.
    Function,
    /// A procedure.
    Procedure,
    /// An aggregate.
    Aggregate,
    /// A window function.
    Window,
}

/// What the planner may assume of a function: `provolatile`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Volatility {
    /// Same arguments, same result, for ever.
    Immutable,
    /// Same arguments, same result, within a statement.
    Stable,
    /// Nothing.
    #[default]
    Volatile,
}

/// Whether a parallel plan may call a function: `proparallel`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Parallel {
    /// Anywhere.
    Safe,
    /// In the leader alone.
    Restricted,
    /// Not at all.
    #[default]
    Unsafe,
}

/// A trigger.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "these are the attributes of pg_trigger")]
pub struct Trigger {
    /// When it fires.
    pub timing: TriggerTiming,
    /// At what.
    pub events: BTreeSet<TriggerEvent>,
    /// The columns of `UPDATE OF`; empty for any.
    pub columns: Vec<Ident>,
    /// Whether it fires for each row rather than for each statement.
    pub for_each_row: bool,
    /// The condition.
    pub when: Option<Expr>,
    /// The function that it calls.
    pub function: QualifiedName,
    /// Whether it fires: not if `DISABLE TRIGGER` was said.
    pub enabled: bool,
    /// Whether it is a constraint trigger.
    pub constraint: bool,
    /// Whether it comes from the partitioned table that this table is a partition of.
    pub inherited: bool,
}

/// When a trigger fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerTiming {
    /// Before the change.
    Before,
    /// After it.
    After,
    /// In its place, on a view.
    InsteadOf,
}

/// What a trigger fires at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TriggerEvent {
    /// An inserted row.
    Insert,
    /// An updated row.
    Update,
    /// A deleted row.
    Delete,
    /// A truncated table.
    Truncate,
}

/// A rewrite rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it rewrites: `SELECT`, `INSERT`, `UPDATE` or `DELETE`.
    pub event: &'static str,
    /// Whether its action takes the place of the statement.
    pub instead: bool,
    /// Whether it is in force.
    pub enabled: bool,
    /// The relations that its condition and actions name, its own and those of `pg_catalog` excepted.
    pub uses: BTreeSet<QualifiedName>,
}
