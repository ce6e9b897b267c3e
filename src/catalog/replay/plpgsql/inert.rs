//! Which code does nothing to a schema, whatever the rows are.

use std::cell::Cell;

use super::super::cursor::{Cursor, Name};
use super::super::parse::session::Session;
use super::super::server_functions::is_of_server;
use super::super::split::{PieceKind, split};
use super::super::state::State;
use super::super::statement::Statement;
use super::super::types;
use super::block::{Code, Head, Kind, Opens, Start, Step};
use super::{parse, standard};
use crate::catalog::{Function, FunctionKind, Signature, Volatility};
use crate::lex;

/// How many functions may call one another until they are not looked into any more.
const DEEPEST: usize = 8;

/// How many bodies are looked into for one answer.
const MOST_BODIES: usize = 200;

/// How far an answer may still go.
#[derive(Clone, Copy)]
struct Left<'c> {
    deep: usize,
    bodies: &'c Cell<usize>,
}

impl State {
    /// Whether a function does nothing to a schema, a role, a grant or the session, by its body.
    pub(in super::super) fn has_inert_body(&self, function: &Function) -> bool {
        self.inert_body(function, Left { deep: DEEPEST, bodies: &Cell::new(MOST_BODIES) })
    }

    /// Whether statements do nothing of the kind.
    pub(super) fn are_inert(&self, steps: &[Step]) -> bool {
        self.inert_steps(steps, Left { deep: DEEPEST, bodies: &Cell::new(MOST_BODIES) })
    }

    /// Whether a function of a name does nothing of the kind, whichever it is.
    pub(super) fn is_harmless(&self, name: &Name) -> bool {
        self.harmless(name, Left { deep: DEEPEST, bodies: &Cell::new(MOST_BODIES) })
    }

    fn inert_body(&self, function: &Function, left: Left<'_>) -> bool {
        let (Some(deep), Some(bodies)) = (left.deep.checked_sub(1), left.bodies.get().checked_sub(1)) else {
            return false;
        };
        left.bodies.set(bodies);
        let deeper = Left { deep, ..left };
        match function.language.as_str() {
            "plpgsql" => parse::body(&function.body).is_ok_and(|body| {
                let starts =
                    body.block.variables.iter().all(|variable| self.starts_inert(&variable.value, deeper));
                starts && body.block.lists().all(|steps| self.inert_steps(steps, deeper))
            }),
            "sql" => self.inert_sql_body(&function.body, deeper),
            _ => false,
        }
    }

    fn inert_sql_body(&self, body: &str, left: Left<'_>) -> bool {
        if let Some(expression) = standard::expression(body) {
            let tokens = lex::tokens(expression);
            return self.is_inert_code(&parse::code(Cursor::new(expression, &tokens).rest()), left);
        }
        let body = standard::statements(body);
        split(body).all(|piece| {
            let whole = piece.kind == PieceKind::Statement && !piece.is_open && !piece.is_cut;
            let code = Cursor::new(body, &piece.tokens).rest();
            // What SELECT INTO makes here is a table.
            let makes = code.words().iter().any(|word| word.eq_ignore_ascii_case("into"))
                && !code.words().first().is_some_and(|word| word.eq_ignore_ascii_case("insert"));
            let statement = super::super::parse::statement(code.cursor()).ok();
            whole && !makes && self.is_inert_sql(&parse::code(code), statement.as_ref(), left)
        })
    }

    fn starts_inert(&self, start: &Start, left: Left<'_>) -> bool {
        match start {
            Start::Code(code) => self.is_inert_code(code, left),
            Start::Null | Start::Unknown | Start::Alias(_) => true,
        }
    }

    fn inert_steps(&self, steps: &[Step], left: Left<'_>) -> bool {
        steps.iter().all(|step| self.is_inert(step, left))
    }

    fn is_inert(&self, step: &Step, left: Left<'_>) -> bool {
        let inert = |code: &Code| self.is_inert_code(code, left);
        match &step.kind {
            Kind::Nothing(code)
            | Kind::Forget(_, code)
            | Kind::Assign(_, code)
            | Kind::Perform(code)
            | Kind::Raise(_, code)
            | Kind::ReturnRows(code) => inert(code),
            Kind::Return(code) => code.iter().all(inert),
            Kind::Open(_, opens) => self.opens_inert(opens, left),
            Kind::Fetch { .. } => true,
            Kind::Leave(leave) => leave.when.iter().all(inert),
            Kind::Sql { code, statement, .. } => self.is_inert_sql(code, statement.as_deref(), left),
            Kind::Execute { .. } => false,
            Kind::If { subject, arms, otherwise } => {
                subject.iter().chain(arms.iter().map(|(code, _)| code)).all(inert)
                    && arms.iter().all(|(_, steps)| self.inert_steps(steps, left))
                    && self.inert_steps(otherwise, left)
            }
            Kind::Loop { head, steps, .. } => {
                let head = match head {
                    Head::Always => true,
                    Head::While(code) | Head::Each { array: code, .. } => inert(code),
                    Head::Rows { opens, .. } => self.opens_inert(opens, left),
                    Head::Count { from, to, by, .. } => [from, to].into_iter().chain(by).all(inert),
                };
                head && self.inert_steps(steps, left)
            }
            Kind::Block(block) => {
                block.variables.iter().all(|variable| self.starts_inert(&variable.value, left))
                    && block.lists().all(|steps| self.inert_steps(steps, left))
            }
        }
    }

    fn opens_inert(&self, opens: &Opens, left: Left<'_>) -> bool {
        match opens {
            Opens::Query { arguments, query } => arguments
                .iter()
                .map(|(_, code)| code)
                .chain([query])
                .all(|code| self.is_inert_code(code, left)),
            Opens::Execute { .. } => false,
        }
    }

    /// Whether a statement of SQL does nothing to a schema.
    fn is_inert_sql(&self, code: &Code, statement: Option<&Statement>, left: Left<'_>) -> bool {
        match statement {
            Some(Statement::Select(_) | Statement::Change { .. } | Statement::Nothing) => {
                self.is_inert_code(code, left)
            }
            Some(Statement::Session(Session::Commit { .. })) => true,
            _ => false,
        }
    }

    fn is_inert_code(&self, code: &Code, left: Left<'_>) -> bool {
        code.calls.as_ref().is_some_and(|calls| self.are_harmless(calls, left))
    }

    fn are_harmless(&self, calls: &[Name], left: Left<'_>) -> bool {
        calls.iter().all(|name| self.harmless(name, left))
    }

    fn harmless(&self, name: &Name, left: Left<'_>) -> bool {
        let overloads = self.functions_named(name);
        let harmless = |signature: &Signature| {
            self.catalog.functions.get(signature).is_some_and(|function| {
                function.volatility != Volatility::Volatile
                    || function.kind == FunctionKind::Aggregate
                    || self.inert_body(function, left)
            })
        };
        if !overloads.is_empty() {
            return overloads.iter().all(harmless);
        }
        let own = name.name.as_str();
        let of_server = name.schema.as_ref().is_some_and(|schema| schema.as_str() == "pg_catalog");
        if own == "set_config" {
            return false;
        }
        of_server
            || (name.schema.is_none() && (is_of_server(own) || types::builtin(own).is_some()))
            || self.extension_function(name).is_some()
    }
}
