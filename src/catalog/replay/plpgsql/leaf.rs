//! Statements of SQL that code runs.

use super::super::cursor::Cursor;
use super::super::is_passed;
use super::super::located::Extent;
use super::super::parse;
use super::super::parse::session::Session;
use super::super::split::{PieceKind, split};
use super::super::statement::Statement;
use super::block::{Body, Kind, Step};
use super::errors::condition_of;
use super::eval::query_of;
use super::interpreter::{Frame, Interpreter};
use super::into;
use super::reach::Reach;
use super::run::{Flow, catches};
use super::value::{HOLE, Value};
use crate::lex;

/// Why code is not followed that is made up when it runs.
pub(super) const DYNAMIC: &str = "the code that EXECUTE runs here is known only when it runs";

/// Why a statement is not followed of which it is not known whether it is run.
const DOUBTFUL: &str = "whether this is run is known only when it runs";

/// How a statement ended.
pub(super) enum Outcome {
    Done,
    /// With an error of this condition, which something catches.
    Raised(String),
}

impl Interpreter<'_> {
    /// Lets whoever watches see a query whose answer nobody but the code sees.
    pub(super) fn ask(&mut self, text: &str) {
        let reads =
            text.len() >= 4 && text.as_bytes().windows(4).any(|word| word.eq_ignore_ascii_case(b"from"));
        // What sets a tenant is seen too.
        if reads || text.contains("set_config") {
            self.record(text, &Statement::Select(text.to_owned()), true);
        }
    }

    fn record(&mut self, text: &str, statement: &Statement, asked: bool) {
        if self.tries {
            self.forget_notes();
            return;
        }
        for note in std::mem::take(&mut self.host.state().assumed) {
            self.not_known(note, Reach::default(), Extent::Assumed);
        }
        for note in std::mem::take(&mut self.host.state().notes) {
            self.not_known(note, Reach::default(), Extent::Part);
        }
        let run = (self.spot.written() != text).then_some(text);
        let located = self.spot.located(run);
        self.host.done(located, statement, asked);
    }

    fn forget_notes(&mut self) {
        let state = self.host.state();
        state.notes.clear();
        state.assumed.clear();
    }

    /// A query, whose first row variables get.
    pub(super) fn query(&mut self, text: &str, into: &[String]) -> Outcome {
        self.ask(text);
        let rows = self.rows_of(text);
        let found = rows.as_ref().map_or(Value::Unknown, |rows| Value::Bool(!rows.is_empty()));
        self.last = match rows {
            None => Value::Unknown,
            Some(rows) => rows.into_iter().next().unwrap_or(Value::Null),
        };
        let row = self.last.clone();
        self.assign_row(into, row);
        self.frame().variables.insert("found".to_owned(), found);
        Outcome::Done
    }

    /// A statement of SQL as it was read.
    pub(super) fn sql(&mut self, text: &str, statement: Option<&Statement>, into: &[String]) -> Outcome {
        let Some(statement) = statement else {
            let tokens = lex::tokens(text);
            let why = parse::statement(Cursor::new(text, &tokens)).err().unwrap_or_default();
            let reach = Reach::of(text, self.state());
            self.not_followed(why, reach);
            return Outcome::Done;
        };
        match statement {
            Statement::Select(_) if into.is_empty() => self.query(text, into),
            Statement::Select(_) => self.query(&without_into(text), into),
            Statement::Change { .. } => {
                self.record(text, statement, false);
                self.check_calls(text);
                self.forget(into);
                self.frame().variables.insert("found".to_owned(), Value::Unknown);
                Outcome::Done
            }
            Statement::Nothing | Statement::Prepare(..) | Statement::Execute(_) => Outcome::Done,
            Statement::Explain(text) => self.pieces(text),
            Statement::Call(call) => {
                self.last = self.call_procedure(call);
                let row = self.last.clone();
                self.assign_row(into, row);
                Outcome::Done
            }
            Statement::Do(body) => self.nested(body),
            Statement::Opaque(why) => {
                let reach = Reach::of(text, self.state());
                self.not_followed(*why, reach);
                Outcome::Done
            }
            Statement::Session(Session::Rollback { .. } | Session::RollbackTo(_)) => {
                self.not_followed("what is rolled back within a block is not followed", Reach::default());
                Outcome::Done
            }
            // What is set is set wherever it may be: a tenant that may be bound is taken as bound.
            Statement::Session(Session::Set { .. } | Session::Commit { .. }) => self.apply(text, statement),
            // What is granted to a role that is not there is granted to nobody.
            Statement::GrantPrivileges(_) | Statement::AlterDefaults(_) if self.is_only_presumed() => {
                self.apply(text, statement)
            }
            _ if self.is_in_doubt() => {
                let reach = Reach::of(text, self.state());
                self.not_followed(DOUBTFUL, reach);
                Outcome::Done
            }
            _ => self.apply(text, statement),
        }
    }

    fn apply(&mut self, text: &str, statement: &Statement) -> Outcome {
        match self.state().apply(statement) {
            Ok(()) => {
                self.has_changed = true;
                self.record(text, statement, false);
                Outcome::Done
            }
            Err(why) => {
                let condition = condition_of(statement, &why);
                let caught = |condition: &&str| self.caught.iter().any(|caught| catches(caught, condition));
                if let Some(condition) = condition.filter(caught) {
                    self.forget_notes();
                    return Outcome::Raised(condition.to_owned());
                }
                let reach = Reach::of(text, self.state());
                self.not_followed(why, reach);
                Outcome::Done
            }
        }
    }

    /// Whether a change of rows calls what may do more.
    fn check_calls(&mut self, text: &str) {
        let tokens = lex::tokens(text);
        let calls = parse::calls::calls(Cursor::new(text, &tokens).rest()).unwrap_or_default();
        let unknown = calls.iter().find(|name| !self.host.state().is_harmless(name));
        if let Some(name) = unknown {
            let reach = Reach::spoken_of(text, self.state());
            self.not_followed(format!("what the function {name} does is not followed"), reach);
        }
    }

    /// A change of rows, or a table made of a query: the functions that its query calls are run as far as its rows are known, and
    /// of others it is told.
    pub(super) fn rows_changed(&mut self, text: &str) {
        let tokens = lex::tokens(text);
        let begins =
            |token: &&lex::Token| ["select", "values", "with"].iter().any(|word| token.is_word(text, word));
        let query = tokens.iter().find(begins).and_then(|first| text.get(first.start..));
        let is_query = |cursor: Cursor<'_>| !cursor.is_one_of(&["update", "delete", "merge"]);
        match query.filter(|query| is_query(Cursor::new(text, &tokens)) && query_of(query).is_some()) {
            Some(query) => drop(self.rows_of(query)),
            None => self.check_calls(text),
        }
    }

    /// A DO block that code makes up.
    fn nested(&mut self, body: &Body) -> Outcome {
        let frame = Frame { body: Some(std::sync::Arc::new(body.clone())), ..Frame::default() };
        if self.frames.len() > 12 {
            self.not_followed("blocks run one another too deep to be followed", Reach::all());
            return Outcome::Done;
        }
        self.frames.push(frame);
        let flow = self.run_block(&body.block);
        self.frames.pop();
        match flow {
            Flow::Raised(condition) => Outcome::Raised(condition),
            _ => Outcome::Done,
        }
    }

    /// `EXECUTE`.
    pub(super) fn execute(&mut self, text: &Value, into: &[String]) -> Outcome {
        let Value::Text(text) = text else {
            self.not_followed(DYNAMIC, Reach::all());
            self.forget(into);
            return Outcome::Done;
        };
        self.last = Value::Unknown;
        let outcome = self.pieces(text);
        let row = std::mem::replace(&mut self.last, Value::Null);
        self.assign_row(into, row);
        outcome
    }

    /// The rows that `FOR … IN EXECUTE` gives.
    pub(super) fn executed_rows(&mut self, text: &Value) -> Option<Vec<Value>> {
        let Value::Text(text) = text else {
            // What gives rows changes no table, but for functions that it calls.
            self.not_followed(DYNAMIC, Reach::default());
            return None;
        };
        let tokens = lex::tokens(text);
        if !Cursor::new(text, &tokens).is_one_of(&["select", "with", "values", "table", "("]) {
            // Such as INSERT … RETURNING.
            self.run_text(text);
            return None;
        }
        self.ask(text);
        self.rows_of(text).filter(|_| !text.contains(HOLE))
    }

    /// The rows of a query. Of functions that it calls it is told where it is not understood.
    pub(super) fn rows_of(&mut self, text: &str) -> Option<Vec<Value>> {
        self.visited.clear();
        let rows = query_of(text).and_then(|query| self.rows(&query));
        let tokens = lex::tokens(text);
        self.check_visited(parse::calls::calls(Cursor::new(text, &tokens).rest()).as_deref());
        rows
    }

    /// Runs the statements of a text, and gives the first row of the last one.
    pub(super) fn run_text(&mut self, text: &str) -> Value {
        self.last = Value::Null;
        if let Outcome::Raised(condition) = self.pieces(text) {
            self.raised = Some(condition);
        }
        std::mem::replace(&mut self.last, Value::Null)
    }

    fn pieces(&mut self, text: &str) -> Outcome {
        for piece in split(text) {
            if !self.goes_on() {
                return Outcome::Done;
            }
            if piece.kind != PieceKind::Statement || piece.is_open || piece.is_cut {
                let reach = Reach::of(text, self.state());
                self.not_followed(DYNAMIC, reach);
                return Outcome::Done;
            }
            let own = Cursor::new(text, &piece.tokens).rest().text();
            // Whatever stands in its holes, it changes nothing.
            let passed = || (own.contains(HOLE) && is_passed(own)).then_some(Statement::Nothing);
            let read = parse::statement(Cursor::new(text, &piece.tokens)).ok().or_else(passed);
            let takes_holes = matches!(
                read,
                Some(
                    Statement::Change { .. }
                        | Statement::Select(_)
                        | Statement::Nothing
                        | Statement::Session(Session::Set { .. })
                )
            );
            if own.contains(HOLE) && !takes_holes {
                let reach = Reach::of(own, self.state());
                self.not_followed(DYNAMIC, reach);
                continue;
            }
            // Out of PL/pgSQL, what SELECT INTO makes is a table.
            let makes = matches!(&read, Some(Statement::Select(_))) && makes_table(own);
            let outcome = match &read {
                Some(statement) if makes && !self.is_in_doubt() => self.apply(own, statement),
                read => self.sql(own, read.as_ref(), &[]),
            };
            if let Outcome::Raised(condition) = outcome {
                return Outcome::Raised(condition);
            }
        }
        Outcome::Done
    }
}

/// Whether a query is `SELECT … INTO`.
pub(in super::super) fn makes_table(text: &str) -> bool {
    let tokens = lex::tokens(text);
    let cursor = Cursor::new(text, &tokens);
    cursor.is("select") && into::place(cursor).is_some()
}

/// A query without the variables that it gives values to.
fn without_into(text: &str) -> String {
    let tokens = lex::tokens(text);
    let Some(mut at) = into::place(Cursor::new(text, &tokens)) else { return text.to_owned() };
    let before = text.get(..at.place()).unwrap_or_default();
    let _ = at.take("into");
    let _ = at.take("strict");
    let _ = at.list(into::target);
    format!("{before}{}", at.rest().text())
}

/// Whether statements make what can be there though no file makes it.
pub(super) fn can_be_there(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.kind {
        Kind::Sql { statement: Some(statement), .. } => matches!(
            **statement,
            Statement::CreateRole(_) | Statement::CreateSchema(_) | Statement::CreateExtension(_)
        ),
        _ => false,
    })
}
