//! Which code does nothing to a schema, whatever the rows are.

use super::super::cursor::{Cursor, Name};
use super::super::parse::session::Session;
use super::super::split::{PieceKind, split};
use super::super::state::State;
use super::super::statement::Statement;
use super::super::types;
use super::block::{Code, Head, Kind, Start, Step};
use super::parse;
use crate::catalog::{Function, FunctionKind, Signature, Volatility};

/// How many functions may call one another until they are not looked into any more.
pub(in super::super) const DEEPEST: usize = 8;

/// Functions of the server that code calls and that do nothing to a schema, but for those in `pg_…`.
const HARMLESS: [&str; 76] = [
    "abs",
    "age",
    "array_agg",
    "array_append",
    "array_length",
    "array_position",
    "array_to_string",
    "avg",
    "bool_or",
    "btrim",
    "cardinality",
    "char_length",
    "clock_timestamp",
    "col_description",
    "concat",
    "concat_ws",
    "count",
    "current_database",
    "current_schema",
    "current_setting",
    "currval",
    "date_part",
    "date_trunc",
    "dense_rank",
    "first_value",
    "floor",
    "format",
    "format_type",
    "gen_random_uuid",
    "generate_series",
    "has_schema_privilege",
    "has_table_privilege",
    "hashtext",
    "hashtextextended",
    "initcap",
    "json_agg",
    "json_build_object",
    "jsonb_agg",
    "jsonb_array_elements",
    "jsonb_build_object",
    "jsonb_set",
    "lag",
    "lastval",
    "lead",
    "left",
    "length",
    "lower",
    "lpad",
    "ltrim",
    "make_interval",
    "max",
    "md5",
    "min",
    "mod",
    "nextval",
    "now",
    "quote_ident",
    "quote_literal",
    "random",
    "rank",
    "regexp_replace",
    "replace",
    "right",
    "round",
    "row_number",
    "rtrim",
    "setval",
    "split_part",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "to_regclass",
    "trim",
    "unnest",
    "upper",
];

impl State {
    /// Whether a function does nothing to a schema, a role, a grant or the session, by its body.
    pub(in super::super) fn has_inert_body(&self, function: &Function, deepest: usize) -> bool {
        let Some(deeper) = deepest.checked_sub(1) else { return false };
        match function.language.as_str() {
            "plpgsql" => parse::body(&function.body).is_ok_and(|body| {
                let starts = body.block.variables.iter().all(|variable| self.starts_inert(&variable.value, deeper));
                starts && body.block.lists().all(|steps| self.are_inert(steps, deeper))
            }),
            "sql" => split(&function.body).all(|piece| {
                let whole = piece.kind == PieceKind::Statement && !piece.is_open && !piece.is_cut;
                let code = Cursor::new(&function.body, &piece.tokens).rest();
                // What SELECT INTO makes here is a table.
                let makes = code.words().iter().any(|word| word.eq_ignore_ascii_case("into"))
                    && !code.words().first().is_some_and(|word| word.eq_ignore_ascii_case("insert"));
                let statement = super::super::parse::statement(code.cursor()).ok();
                whole && !makes && self.is_inert_sql(&parse::code(code), statement.as_ref(), deeper)
            }),
            _ => false,
        }
    }

    fn starts_inert(&self, start: &Start, deepest: usize) -> bool {
        match start {
            Start::Code(code) => self.is_inert_code(code, deepest),
            Start::Null | Start::Unknown | Start::Alias(_) => true,
        }
    }

    pub(super) fn are_inert(&self, steps: &[Step], deepest: usize) -> bool {
        steps.iter().all(|step| self.is_inert(step, deepest))
    }

    fn is_inert(&self, step: &Step, deepest: usize) -> bool {
        let inert = |code: &Code| self.is_inert_code(code, deepest);
        match &step.kind {
            Kind::Nothing(code)
            | Kind::Forget(_, code)
            | Kind::Assign(_, code)
            | Kind::Perform(code)
            | Kind::Raise(_, code)
            | Kind::ReturnRows(code) => inert(code),
            Kind::Return(code) => code.iter().all(inert),
            Kind::Leave(leave) => leave.when.iter().all(inert),
            Kind::Sql { code, statement, .. } => self.is_inert_sql(code, statement.as_deref(), deepest),
            Kind::Execute { .. } => false,
            Kind::If { subject, arms, otherwise } => {
                subject.iter().chain(arms.iter().map(|(code, _)| code)).all(inert)
                    && arms.iter().all(|(_, steps)| self.are_inert(steps, deepest))
                    && self.are_inert(otherwise, deepest)
            }
            Kind::Loop { head, steps, .. } => {
                let head = match head {
                    Head::Always => true,
                    Head::While(code) | Head::Query { query: code, .. } | Head::Each { array: code, .. } => {
                        inert(code)
                    }
                    Head::Count { from, to, by, .. } => [from, to].into_iter().chain(by).all(inert),
                    Head::Execute { .. } => false,
                };
                head && self.are_inert(steps, deepest)
            }
            Kind::Block(block) => {
                block.variables.iter().all(|variable| self.starts_inert(&variable.value, deepest))
                    && block.lists().all(|steps| self.are_inert(steps, deepest))
            }
        }
    }

    /// Whether a statement of SQL does nothing to a schema.
    fn is_inert_sql(&self, code: &Code, statement: Option<&Statement>, deepest: usize) -> bool {
        match statement {
            Some(Statement::Select(_) | Statement::Change { .. } | Statement::Nothing) => {
                self.is_inert_code(code, deepest)
            }
            Some(Statement::Session(Session::Commit { .. })) => true,
            _ => false,
        }
    }

    fn is_inert_code(&self, code: &Code, deepest: usize) -> bool {
        code.calls.as_ref().is_some_and(|calls| self.are_harmless(calls, deepest))
    }

    fn are_harmless(&self, calls: &[Name], deepest: usize) -> bool {
        calls.iter().all(|name| self.is_harmless(name, deepest))
    }

    pub(super) fn is_harmless(&self, name: &Name, deepest: usize) -> bool {
        let overloads = self.functions_named(name);
        let harmless = |signature: &Signature| {
            self.catalog.functions.get(signature).is_some_and(|function| {
                function.volatility != Volatility::Volatile
                    || function.kind == FunctionKind::Aggregate
                    || self.has_inert_body(function, deepest)
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
            || (name.schema.is_none()
                && (own.starts_with("pg_")
                    || HARMLESS.binary_search(&own).is_ok()
                    || types::builtin(own).is_some()))
            || self.extension_function(name).is_some()
    }
}


#[cfg(test)]
mod tests {
    use super::HARMLESS;

    #[test]
    fn the_functions_are_in_order() {
        assert!(HARMLESS.is_sorted());
    }
}
