//! PL/pgSQL, run without a server as far as its values are known.
//!
//! What a block, a procedure or a function does to a schema is followed statement by statement: each that is run is one more
//! statement, which stands in the one that runs it. Loops over what is known are run, questions to the server's catalogs
//! are answered by the model, and errors that the model can tell of are caught. What only the server knows is unknown, and
//! so is what depends on it: a statement that may be run or not is not followed, and says which tables it may have changed.
//!
//! There is no way to run for ever: statements, rows that are looked at and the depth of calls are all counted.

mod aggregate;
mod arrays;
mod block;
mod call;
mod catalogs;
mod cursors;
mod errors;
mod eval;
mod from;
mod function;
mod host;
mod inert;
mod interpreter;
mod into;
mod leaf;
mod leave;
mod loops;
mod parse;
mod query;
mod reach;
mod regex;
mod rows;
mod run;
mod server_version;
mod standard;
#[cfg(test)]
mod tests;
mod value;

use std::sync::Arc;

use super::cursor::Cursor;
use super::parse::calls::calls;
use super::state::State;
use crate::catalog::{FunctionKind, Volatility};
use crate::lex;
pub(crate) use block::Body;
pub(super) use host::{Host, Spot};
use interpreter::Interpreter;
pub(super) use leaf::makes_table;
pub(super) use parse::do_block;
pub(crate) use reach::{Guard, Reach};
use run::Flow;

/// What is said of a block that cannot be read.
pub(super) const DO: &str = "a DO block runs code that is not followed";

/// Code that a statement of a file runs.
pub(super) enum Runs<'a> {
    /// The block of `DO`.
    Block(&'a Body),
    /// A query that calls functions which do more than compute.
    Query(String),
    /// A change of rows, or a table made of a query, which call such functions.
    Rows(String),
    /// A call of a procedure, without `CALL`.
    Call(String),
    /// Another statement, such as a prepared one.
    Statement(String),
}

impl Runs<'_> {
    /// What a change of rows runs, or the query that a table is made of.
    pub(super) fn rows(state: &State, text: &str) -> Option<Self> {
        calls_functions(state, text).then(|| Self::Rows(text.to_owned()))
    }
}

/// Runs the code that a statement runs, which stands where the spot says.
pub(super) fn run(host: &mut dyn Host, spot: Spot, runs: &Runs<'_>) {
    let mut interpreter = Interpreter::new(host, spot);
    let flow = match runs {
        Runs::Block(body) => {
            let stands = body.at.map(|at| interpreter.spot.body(at));
            let frame = interpreter.frame();
            frame.body = Some(Arc::new((*body).clone()));
            frame.stands = stands;
            interpreter.run_block(&body.block)
        }
        Runs::Statement(text) if is_query(text) && !calls_functions(interpreter.state(), text) => Flow::On,
        Runs::Statement(text) if !is_query(text) => {
            interpreter.run_text(text);
            Flow::On
        }
        // Whoever runs a query sees its answer.
        Runs::Query(text) | Runs::Statement(text) => {
            let _ = interpreter.rows_of(text);
            Flow::On
        }
        Runs::Rows(text) => {
            interpreter.rows_changed(text);
            Flow::On
        }
        Runs::Call(text) => {
            interpreter.call_procedure(text);
            Flow::On
        }
    };
    let raised = matches!(flow, Flow::Raised(_)) || interpreter.raised.is_some();
    if raised && interpreter.has_changed {
        let why = "as far as is known it raises an error here, and undoes what it has done";
        interpreter.not_followed(why, Reach::default());
    }
}

fn is_query(text: &str) -> bool {
    let tokens = lex::tokens(text);
    Cursor::new(text, &tokens).is_one_of(&["select", "values", "table"])
}

/// Whether a statement calls functions that files make and that may do more than compute.
pub(super) fn calls_functions(state: &State, text: &str) -> bool {
    // Without a parenthesis nothing is called.
    if !text.contains('(') || state.catalog.functions.is_empty() {
        return false;
    }
    let tokens = lex::tokens(text);
    let called = calls(Cursor::new(text, &tokens).rest()).unwrap_or_default();
    called.iter().flat_map(|name| state.functions_named(name)).any(|signature| {
        state.catalog.functions.get(&signature).is_some_and(|function| {
            function.volatility == Volatility::Volatile
                && function.extension.is_none()
                && matches!(function.kind, FunctionKind::Function | FunctionKind::Procedure)
        })
    })
}
