//! What runs PL/pgSQL without a server: its variables, and what it knows of where it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::cursor::{Cursor, Name};
use super::super::located::Extent;
use super::super::state::State;
use super::block::Body;
use super::host::{Host, Spot};
use super::reach::Reach;
use super::value::{Oid, Value};
use crate::ident::{Ident, QualifiedName};
use crate::lex;

/// How many statements one statement of a file may run.
pub(super) const MOST_STEPS: usize = 10_000;

/// How many rows of the server's catalogs one statement of a file may look at.
const MOST_ROWS: usize = 200_000;

/// How deep statements, expressions and calls may stand in one another: each takes room on the stack.
const MOST_DEEP: usize = 160;

/// How many bytes a text, and how many elements a list may have. Nobody runs more, and what doubles itself grows fast.
pub(super) const LONGEST: usize = 1 << 17;
const MOST_ELEMENTS: usize = 10_000;

/// Runs the code that one statement of a file runs.
pub(super) struct Interpreter<'h> {
    pub(super) host: &'h mut dyn Host,
    /// The statement of a file that is being run.
    pub(super) spot: Spot,
    pub(super) frames: Vec<Frame>,
    /// The rows that queries stand on, the inner ones last.
    pub(super) scopes: Vec<Scope>,
    /// The results of `WITH`, the inner ones last; nothing where they are not known.
    pub(super) with: Vec<(String, Option<Vec<Value>>)>,
    /// In how many things at once it stands that may be done or not, or any number of times.
    pub(super) doubt: usize,
    /// In how many of them it stands only because no file makes a role, a schema or an extension that may be there.
    pub(super) presumed: usize,
    /// Whether what it does is only tried, on a state that is thrown away.
    pub(super) tries: bool,
    /// Whether an answer of the catalogs rests on no file making a role, a schema or an extension.
    pub(super) assumed: bool,
    /// Which errors are caught where it stands, by the beginnings of their names.
    pub(super) caught: Vec<Vec<String>>,
    /// The condition of an error that a function has raised which an expression calls.
    pub(super) raised: Option<String>,
    /// Whether anything has been changed.
    pub(super) has_changed: bool,
    /// The functions that the statement has called, by their own names.
    pub(super) visited: BTreeSet<String>,
    /// The first row of the last query.
    pub(super) last: Value,
    /// How deep it stands.
    depth: usize,
    pub(super) steps_left: usize,
    /// How many statements a loop may still run that does nothing to a schema.
    pub(super) inert_left: Option<usize>,
    pub(super) rows_left: usize,
    pub(super) bodies: BTreeMap<String, Option<Arc<Body>>>,
}

/// A body that runs.
#[derive(Default)]
pub(super) struct Frame {
    /// What its variables can be told apart by: its own name, and the labels of its blocks.
    pub(super) labels: Vec<String>,
    pub(super) variables: BTreeMap<String, Value>,
    /// Those of its variables that are records, whatever they hold.
    pub(super) records: BTreeSet<String>,
    /// Whether a statement before may have left the body.
    pub(super) may_have_returned: bool,
    /// The loops and blocks that it stands in, the inner ones last.
    pub(super) around: Vec<Around>,
    /// The outermost of them that a statement before may have left, by its place among them.
    pub(super) may_have_left: Option<usize>,
    /// What it has returned so far.
    pub(super) returned: Option<Value>,
    pub(super) body: Option<Arc<Body>>,
    /// Where the body stands in the file, if it stands there as it is.
    pub(super) stands: Option<Spot>,
}

/// What `EXIT` leaves: a loop, or a block by its label.
pub(super) struct Around {
    pub(super) label: Option<String>,
    pub(super) is_loop: bool,
}

impl Frame {
    /// Whether what is run next may not be run.
    pub(super) fn may_be_over(&self) -> bool {
        self.may_have_returned || self.may_have_left.is_some()
    }
}

/// The rows that a query stands on: one of each of its tables, with the table's name.
#[derive(Clone, Default)]
pub(super) struct Scope {
    pub(super) tables: Vec<(String, Vec<(String, Value)>)>,
    /// All of them together, where an aggregate is asked for.
    pub(super) group: Option<Vec<Scope>>,
}

impl<'h> Interpreter<'h> {
    pub(super) fn new(host: &'h mut dyn Host, spot: Spot) -> Self {
        Self {
            host,
            spot,
            frames: vec![Frame::default()],
            scopes: Vec::new(),
            with: Vec::new(),
            doubt: 0,
            presumed: 0,
            tries: false,
            assumed: false,
            caught: Vec::new(),
            raised: None,
            has_changed: false,
            visited: BTreeSet::new(),
            depth: 0,
            last: Value::Null,
            steps_left: MOST_STEPS,
            inert_left: None,
            rows_left: MOST_ROWS,
            bodies: BTreeMap::new(),
        }
    }

    pub(super) fn state(&mut self) -> &mut State {
        self.host.state()
    }

    /// Says that what stands here was not followed, and what it may have changed.
    pub(super) fn not_followed(&mut self, why: impl Into<String>, reach: Reach) {
        self.not_known(why.into(), reach, Extent::Effect);
    }

    /// The same, with how much of it is not known.
    pub(super) fn not_known(&mut self, why: String, reach: Reach, extent: Extent) {
        if !self.tries {
            let spot = self.spot.clone();
            self.host.not_followed(&spot, why, reach, extent);
        }
    }

    /// Whether what stands here may be run or not, or any number of times.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.doubt > 0 || self.frames.last().is_some_and(Frame::may_be_over)
    }

    /// Whether what stands here is run if a role, a schema or an extension is there that no file makes.
    pub(super) fn is_only_presumed(&self) -> bool {
        self.doubt == self.presumed && !self.frames.last().is_some_and(Frame::may_be_over)
    }

    /// Counts a statement; nothing is left to run when there have been too many.
    pub(super) fn goes_on(&mut self) -> bool {
        if self.steps_left == 0 || self.inert_left == Some(0) {
            return false;
        }
        self.inert_left = self.inert_left.map(|left| left - 1);
        self.steps_left -= 1;
        if self.steps_left == 0 || !self.host.goes_on() {
            self.steps_left = 0;
            self.not_followed("it runs too many statements to be followed", Reach::all());
        }
        self.steps_left > 0
    }

    /// Runs something that stands in what is being run, unless that is too deep.
    pub(super) fn deeper<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MOST_DEEP {
            return None;
        }
        self.depth += 1;
        let done = run(self);
        self.depth -= 1;
        Some(done)
    }

    pub(super) fn frame(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// The text of a part of the body that runs.
    pub(super) fn text(&self, code: &super::block::Code) -> String {
        let body = self.frames.last().and_then(|frame| frame.body.as_ref());
        body.map(|body| body.of(code).to_owned()).unwrap_or_default()
    }

    /// Gives a variable a value, or a field of one.
    pub(super) fn assign(&mut self, target: &str, value: Value) {
        let value = if is_small(&value, &mut MOST_ELEMENTS.clone(), 0) { value } else { Value::Unknown };
        let variables = &mut self.frame().variables;
        // Of an array with another element nothing is known.
        if let Some(array) = target.strip_suffix("[]") {
            variables.insert(array.to_owned(), Value::Unknown);
            return;
        }
        let labelled = target.split_once('.').filter(|(record, _)| variables.contains_key(*record));
        let Some((record, field)) = labelled else {
            let name = target.rsplit('.').next().unwrap_or(target);
            variables.insert(name.to_owned(), value);
            return;
        };
        match variables.get_mut(record) {
            Some(Value::Row(fields)) => {
                fields.retain(|(known, _)| known != field);
                fields.push((field.to_owned(), value));
            }
            Some(other) => *other = Value::Row(vec![(field.to_owned(), value)]),
            None => {}
        }
    }

    /// Makes unknown what variables hold.
    pub(super) fn forget(&mut self, variables: &[String]) {
        for variable in variables {
            self.assign(variable, Value::Unknown);
        }
    }

    /// Gives variables the columns of a row, or the row as a whole to one that is a record.
    pub(super) fn assign_row(&mut self, targets: &[String], row: Value) {
        match (targets, row) {
            ([only], Value::Row(fields)) => {
                let record = self.frame().records.contains(only);
                let value = match fields.as_slice() {
                    [(_, value)] if !record => value.clone(),
                    _ => Value::Row(fields),
                };
                self.assign(only, value);
            }
            (targets, Value::Row(fields)) => {
                for (at, target) in targets.iter().enumerate() {
                    self.assign(target, fields.get(at).map_or(Value::Null, |(_, value)| value.clone()));
                }
            }
            (targets, value) => targets.iter().for_each(|target| self.assign(target, value.clone())),
        }
    }

    /// What a name means: a column, or a variable.
    pub(super) fn named(&mut self, parts: &[String]) -> Value {
        let column = |row: &[(String, Value)], name: &str| {
            row.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        let variables = self.frames.last().map(|frame| (&frame.variables, &frame.labels));
        match parts {
            [name] => {
                let tables = self.scopes.iter().rev().flat_map(|scope| scope.tables.iter());
                for (alias, row) in tables {
                    if let Some(value) = column(row, name) {
                        return value;
                    }
                    if alias == name {
                        return Value::Row(row.clone());
                    }
                }
                let variable = variables.and_then(|(variables, _)| variables.get(name)).map(Value::seen);
                variable.unwrap_or_else(|| self.keyword(name))
            }
            [table, name] => {
                let mut tables = self.scopes.iter().rev().flat_map(|scope| scope.tables.iter());
                if let Some((_, row)) = tables.find(|(alias, _)| alias == table) {
                    return column(row, name).unwrap_or(Value::Unknown);
                }
                let Some((variables, labels)) = variables else { return Value::Unknown };
                match variables.get(table) {
                    Some(record) => record.field(name),
                    None if labels.contains(table) => variables.get(name).map_or(Value::Unknown, Value::seen),
                    None => Value::Unknown,
                }
            }
            _ => Value::Unknown,
        }
    }

    /// What a keyword stands for that is written like a name.
    pub(super) fn keyword(&mut self, name: &str) -> Value {
        let state = self.state();
        match name {
            "current_user" | "user" | "current_role" => Value::text(state.role().as_str()),
            "session_user" => Value::text(state.session.now.user.as_str()),
            "current_schema" => {
                let schema = state.path().find(|schema| schema.as_str() != "pg_temp");
                schema.map_or(Value::Null, |schema| Value::text(schema.as_str()))
            }
            _ => Value::Unknown,
        }
    }

    /// The relation that a text names; NULL where there is none.
    pub(super) fn regclass(&mut self, value: &Value) -> Option<Value> {
        match value {
            Value::Object(_) | Value::Null => Some(value.clone()),
            Value::Text(text) if value.is_known() => {
                let name = name_in(text)?;
                let found = self.state().find(&name).ok();
                Some(found.map_or(Value::Null, |name| Value::Object(Oid::Relation(name))))
            }
            _ => None,
        }
    }

    /// A value as a text; of a relation its name, with its schema where the search path does not lead to it.
    pub(super) fn text_of(&mut self, value: &Value) -> Option<String> {
        let Value::Object(Oid::Relation(name)) = value else { return value.written() };
        let bare = Name { schema: None, name: name.name().clone() };
        let visible = self.state().find(&bare).is_ok_and(|found| found == *name);
        Some(if visible { name.name().bare().into_owned() } else { name.bare() })
    }
}

/// Whether a value is one that code can go on with.
fn is_small(value: &Value, left: &mut usize, depth: usize) -> bool {
    const DEEPEST: usize = 10;
    let mut fits = |value: &Value| {
        *left = left.saturating_sub(1);
        *left > 0 && depth < DEEPEST && is_small(value, left, depth + 1)
    };
    match value {
        Value::List(values) | Value::Rows(Some(values)) => values.iter().all(fits),
        Value::Row(fields) => fields.iter().all(|(_, value)| fits(value)),
        Value::Text(text) => text.len() <= LONGEST,
        _ => true,
    }
}

/// The name that a text is, with its schema or without.
pub(super) fn name_in(text: &str) -> Option<Name> {
    let tokens = lex::tokens(text);
    let mut cursor = Cursor::new(text, &tokens);
    cursor.name().ok().filter(|_| cursor.is_at_end())
}

/// A relation's schema and name, as columns have them.
pub(super) fn both(name: &QualifiedName) -> (Value, Value) {
    (Value::text(name.schema().as_str()), Value::text(name.name().as_str()))
}

pub(super) fn text(name: &Ident) -> Value {
    Value::text(name.as_str())
}
