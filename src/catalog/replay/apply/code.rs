//! Blocks of PL/pgSQL, where it is certain what they do.

use super::super::back::Mark;
use super::super::cursor::{Cursor, Name};
use super::super::parse::code::{self, Block, Condition, Step};
use super::super::split::{PieceKind, split};
use super::super::state::{Followed, State};
use super::super::types;
use crate::catalog::{Function, FunctionKind, Signature, Volatility};

/// How many functions may call one another until they are not looked into any more.
pub(super) const DEEPEST: usize = 8;

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
    /// `DO`: all that a block does, or nothing of it.
    pub(super) fn do_block(&mut self, block: &Block) -> Followed<()> {
        if self.is_inert_block(block, DEEPEST) {
            return Ok(());
        }
        let mark = self.mark();
        let done = self.block(block);
        if done.is_err() {
            self.back_to(&mark);
        }
        self.let_go(mark);
        done
    }

    fn block(&mut self, block: &Block) -> Followed<()> {
        if block.handlers.is_empty() {
            return self.steps(&block.steps);
        }
        // Whether there are other errors is for the rows to tell.
        let certain =
            |condition: &String| condition.starts_with("duplicate_") || condition.starts_with("undefined_");
        if !block.handlers.iter().flat_map(|(conditions, _)| conditions).all(certain) {
            return Err(code::DO.to_owned());
        }
        // An error that is caught undoes the whole block.
        let mark = self.mark();
        let done = self.caught(block, &mark);
        self.let_go(mark);
        done
    }

    /// Does what a block does that catches errors.
    fn caught(&mut self, block: &Block, mark: &Mark) -> Followed<()> {
        let Err(why) = self.steps(&block.steps) else {
            let can_fail = block.steps.iter().any(super::condition::makes_what_can_be_there);
            let is_inert = block.handlers.iter().all(|(_, steps)| self.are_inert(steps, DEEPEST));
            return if can_fail && !is_inert { Err(code::DO.to_owned()) } else { Ok(()) };
        };
        let [step] = &block.steps.iter().filter(|step| matches!(step, Step::Sql(_))).collect::<Vec<_>>()[..]
        else {
            return Err(why);
        };
        let Some(condition) = super::condition::of_duplicate(step, &why) else { return Err(why) };
        match block.handlers.iter().find(|(conditions, _)| conditions.iter().any(|known| known == condition))
        {
            Some((_, steps)) if !raises(steps) && self.are_inert(steps, DEEPEST) => {
                self.back_to(mark);
                Ok(())
            }
            _ => Err(why),
        }
    }

    fn steps(&mut self, steps: &[Step]) -> Followed<()> {
        for step in steps {
            if self.is_inert(step, DEEPEST) && !leaves(step) {
                continue;
            }
            match step {
                Step::Sql(statement) => self.apply(statement)?,
                Step::Block(block) => self.block(block)?,
                Step::If(arms, otherwise) => {
                    let steps = self.chosen(arms, otherwise).ok_or(code::DO)?;
                    self.steps(steps)?;
                }
                _ => return Err(code::DO.to_owned()),
            }
        }
        Ok(())
    }

    /// What is done of several things, if that can be told: where it is not certain, what is passed over does nothing.
    fn chosen<'a>(&self, arms: &'a [(Condition, Vec<Step>)], otherwise: &'a [Step]) -> Option<&'a [Step]> {
        for (at, (condition, steps)) in arms.iter().enumerate() {
            let answer = self.holds(condition.exists.as_ref()?)?;
            let inert = |steps: &[Step]| answer.is_certain || self.are_inert(steps, DEEPEST);
            if answer.holds {
                let mut rest = arms.iter().skip(at + 1).map(|(_, steps)| &steps[..]).chain([otherwise]);
                return rest.all(inert).then_some(steps);
            }
            if !inert(steps) {
                return None;
            }
        }
        Some(otherwise)
    }

    /// Whether a function does nothing to a schema, a role, a grant or the session, by its body.
    pub(super) fn has_inert_body(&self, function: &Function, deepest: usize) -> bool {
        let Some(deeper) = deepest.checked_sub(1) else { return false };
        match function.language.as_str() {
            "plpgsql" => code::body(&function.body).is_ok_and(|block| self.is_inert_block(&block, deeper)),
            "sql" => split(&function.body).all(|piece| {
                let whole = piece.kind == PieceKind::Statement && !piece.is_open && !piece.is_cut;
                let code = Cursor::new(&function.body, &piece.tokens).rest();
                // What SELECT INTO makes here is a table.
                let makes = code.words().iter().any(|word| word.eq_ignore_ascii_case("into"))
                    && !code.words().first().is_some_and(|word| word.eq_ignore_ascii_case("insert"));
                whole && !makes && self.is_inert(&code::statement(code), deeper)
            }),
            _ => false,
        }
    }

    fn is_inert_block(&self, block: &Block, deepest: usize) -> bool {
        self.are_inert(&block.steps, deepest)
            && block.handlers.iter().all(|(_, steps)| self.are_inert(steps, deepest))
    }

    fn are_inert(&self, steps: &[Step], deepest: usize) -> bool {
        steps.iter().all(|step| self.is_inert(step, deepest))
    }

    fn is_inert(&self, step: &Step, deepest: usize) -> bool {
        match step {
            Step::Inert(calls) | Step::Leave(calls) => self.are_harmless(calls, deepest),
            Step::Raise => true,
            Step::Sql(_) | Step::Unknown => false,
            Step::If(arms, otherwise) => {
                let inert = |(condition, steps): &(Condition, Vec<Step>)| {
                    condition.calls.as_ref().is_some_and(|calls| self.are_harmless(calls, deepest))
                        && self.are_inert(steps, deepest)
                };
                arms.iter().all(inert) && self.are_inert(otherwise, deepest)
            }
            Step::Loop(steps) => self.are_inert(steps, deepest),
            Step::Block(block) => self.is_inert_block(block, deepest),
        }
    }

    fn are_harmless(&self, calls: &[Name], deepest: usize) -> bool {
        calls.iter().all(|name| self.is_harmless(name, deepest))
    }

    fn is_harmless(&self, name: &Name, deepest: usize) -> bool {
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

/// Whether what follows a step may not be done, though the step itself does nothing.
fn leaves(step: &Step) -> bool {
    match step {
        Step::Leave(_) | Step::Raise => true,
        // An error ends all, and of one that is raised on a condition it is taken that it is not.
        Step::If(arms, otherwise) => arms
            .iter()
            .map(|(_, steps)| steps)
            .chain([otherwise])
            .any(|steps| steps.iter().any(|step| !matches!(step, Step::Raise) && leaves(step))),
        Step::Loop(steps) => steps.iter().any(leaves),
        Step::Block(block) => block.steps.iter().any(leaves) || !block.handlers.is_empty(),
        Step::Inert(_) | Step::Sql(_) | Step::Unknown => false,
    }
}

fn raises(steps: &[Step]) -> bool {
    steps.iter().any(|step| !matches!(step, Step::Inert(_)))
}

#[cfg(test)]
mod tests {
    use super::HARMLESS;

    #[test]
    fn the_functions_are_in_order() {
        assert!(HARMLESS.is_sorted());
    }
}
