//! Functions, triggers and rewrite rules.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::try_join3;
use sqlparser::tokenizer::Token;
use tokio_postgres::Transaction;

use super::super::{
    Argument, Expr, Function, FunctionKind, Parallel, Rule, Signature, Trigger, TriggerEvent, TriggerTiming,
    Volatility, tokens,
};
use super::building::Building;
use super::read::{Line, Oid, Query, letter, rows};
use super::relations::settings;
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};

const FUNCTIONS: Query =
    Query { what: "the functions", sql: include_str!("../../../sql/catalog/function.sql") };
const TRIGGERS: Query = Query { what: "the triggers", sql: include_str!("../../../sql/catalog/trigger.sql") };
const RULES: Query = Query { what: "views and rules", sql: include_str!("../../../sql/catalog/rewrite.sql") };
const USES: Query =
    Query { what: "what views and rules name", sql: include_str!("../../../sql/catalog/rewrite_use.sql") };

/// The name of the rule that makes a view a view.
const VIEW_RULE: &str = "_RETURN";

pub(super) async fn functions(transaction: &Transaction<'_>) -> Result<Vec<(Oid, Signature, Function)>> {
    rows(transaction, FUNCTIONS, function).await
}

pub(super) struct OnRelations {
    triggers: Vec<(Oid, Ident, Trigger)>,
    rules: Vec<(Oid, Ident, Rule)>,
}

/// What runs when relations are used.
pub(super) async fn on_relations(transaction: &Transaction<'_>) -> Result<OnRelations> {
    let uses =
        rows(transaction, USES, |row| Ok((row.get::<Oid>("rule")?, row.qualified("nspname", "relname")?)));
    let (triggers, rules, uses) =
        try_join3(rows(transaction, TRIGGERS, trigger), rows(transaction, RULES, rule), uses).await?;
    let mut uses_of: HashMap<Oid, BTreeSet<QualifiedName>> = HashMap::new();
    for (rule, relation) in uses {
        uses_of.entry(rule).or_default().insert(relation);
    }
    let with_uses = |(oid, relation, name, mut rule): (Oid, Oid, Ident, Rule)| {
        rule.uses = uses_of.remove(&oid).unwrap_or_default();
        (relation, name, rule)
    };
    Ok(OnRelations { triggers, rules: rules.into_iter().map(with_uses).collect() })
}

impl OnRelations {
    pub(super) fn add_to(self, building: &mut Building) {
        for (oid, name, trigger) in self.triggers {
            if let Some(relation) = building.relation(oid) {
                relation.triggers.insert(name, trigger);
            }
        }
        for (oid, name, rule) in self.rules {
            let Some(relation) = building.relation(oid) else { continue };
            match &mut relation.view {
                Some(view) if name.as_str() == VIEW_RULE => view.reads = rule.uses,
                _ => drop(relation.rules.insert(name, rule)),
            }
        }
    }
}

fn function(row: &Line) -> Result<(Oid, Signature, Function)> {
    let kind = match row.letter("prokind")? {
        'f' => FunctionKind::Function,
        'p' => FunctionKind::Procedure,
        'a' => FunctionKind::Aggregate,
        'w' => FunctionKind::Window,
        other => return Err(row.unknown("prokind", other)),
    };
    let function = Function {
        kind,
        owner: row.ident("owner")?,
        owner_is_assumed: false,
        language: row.text("lanname")?,
        arguments: arguments(row)?,
        returns: row.get("result")?,
        volatility: match row.letter("provolatile")? {
            'i' => Volatility::Immutable,
            's' => Volatility::Stable,
            'v' => Volatility::Volatile,
            other => return Err(row.unknown("provolatile", other)),
        },
        parallel: match row.letter("proparallel")? {
            's' => Parallel::Safe,
            'r' => Parallel::Restricted,
            'u' => Parallel::Unsafe,
            other => return Err(row.unknown("proparallel", other)),
        },
        security_definer: row.get("prosecdef")?,
        leakproof: row.get("proleakproof")?,
        strict: row.get("proisstrict")?,
        settings: settings(row, "proconfig")?,
        body: match row.get::<Option<&str>>("standard_body")? {
            Some(standard) => Function::joined_tokens(standard),
            None => row.text("prosrc")?,
        },
        grants: BTreeSet::new(),
        comment: row.get("comment")?,
        extension: row.ident_if_any("extname")?,
    };
    let signature =
        Signature { name: row.qualified("nspname", "proname")?, arguments: row.get("input_types")? };
    Ok((row.get("oid")?, signature, function))
}

fn arguments(row: &Line) -> Result<Vec<Argument>> {
    let types: Vec<String> = row.get("argument_types")?;
    // Both are NULL, or empty strings stand in them, where there is nothing particular to say.
    let modes: Option<Vec<i8>> = row.get("proargmodes")?;
    let names: Option<Vec<&str>> = row.get("proargnames")?;
    let (modes, names) = (modes.unwrap_or_default(), names.unwrap_or_default());
    let argument = |(at, data_type): (usize, String)| {
        let name = names.get(at).filter(|name| !name.is_empty());
        let mode = match modes.get(at).copied().map_or('i', letter) {
            'i' => "IN",
            'o' => "OUT",
            'b' => "INOUT",
            'v' => "VARIADIC",
            't' => "TABLE",
            other => return Err(row.unknown("proargmodes", other)),
        };
        Ok(Argument { name: name.map(|name| Ident::new(*name)).transpose()?, data_type, mode })
    };
    types.into_iter().enumerate().map(argument).collect()
}

// The bits of `tgtype`.
const ROW: i16 = 1 << 0;
const BEFORE: i16 = 1 << 1;
const INSTEAD: i16 = 1 << 6;
const EVENTS: [(i16, TriggerEvent); 4] = [
    (1 << 2, TriggerEvent::Insert),
    (1 << 3, TriggerEvent::Delete),
    (1 << 4, TriggerEvent::Update),
    (1 << 5, TriggerEvent::Truncate),
];

fn trigger(row: &Line) -> Result<(Oid, Ident, Trigger)> {
    let bits: i16 = row.get("tgtype")?;
    let timing = match (bits & BEFORE != 0, bits & INSTEAD != 0) {
        (_, true) => TriggerTiming::InsteadOf,
        (true, false) => TriggerTiming::Before,
        (false, false) => TriggerTiming::After,
    };
    let definition: Option<&str> = row.get("definition")?;
    let trigger = Trigger {
        timing,
        events: EVENTS.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, event)| *event).collect(),
        columns: row.idents("columns")?,
        for_each_row: bits & ROW != 0,
        when: definition.map(condition),
        function: row.qualified("function_schema", "function_name")?,
        enabled: row.get("enabled")?,
        constraint: row.get("is_constraint")?,
        inherited: row.get("inherited")?,
    };
    Ok((row.get("relation")?, row.ident("tgname")?, trigger))
}

/// What stands in the parentheses after WHEN in the definition of a trigger; all of it if it is not understood.
fn condition(definition: &str) -> Expr {
    let is_when = |token: &Token| match token {
        Token::Word(word) => word.quote_style.is_none() && word.value == "WHEN",
        _ => false,
    };
    let mut depth = 0;
    let mut start = 0;
    for (token, range) in
        tokens(definition).unwrap_or_default().iter().skip_while(|(token, _)| !is_when(token))
    {
        match token {
            Token::LParen => {
                if depth == 0 {
                    start = range.end;
                }
                depth += 1;
            }
            Token::RParen if depth == 1 => return Expr::new(&definition[start..range.start]),
            Token::RParen => depth -= 1,
            _ => {}
        }
    }
    Expr::new(definition)
}

fn rule(row: &Line) -> Result<(Oid, Oid, Ident, Rule)> {
    let rule = Rule {
        event: match row.letter("ev_type")? {
            '1' => "SELECT",
            '2' => "UPDATE",
            '3' => "INSERT",
            '4' => "DELETE",
            other => return Err(row.unknown("ev_type", other)),
        },
        instead: row.get("is_instead")?,
        enabled: row.get("enabled")?,
        uses: BTreeSet::new(),
    };
    Ok((row.get("oid")?, row.get("relation")?, row.ident("rulename")?, rule))
}

#[cfg(test)]
mod tests {
    use super::{Expr, condition};

    #[test]
    fn a_condition_is_found_wherever_its_words_stand() {
        for (definition, expected) in [
            (
                "CREATE TRIGGER t BEFORE UPDATE ON s.x FOR EACH ROW \
                 WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION s.f()",
                "(old.* IS DISTINCT FROM new.*)",
            ),
            (
                "CREATE TRIGGER \"WHEN (a)\" AFTER INSERT ON s.x FOR EACH ROW \
                 WHEN ((new.b = ') EXECUTE FUNCTION'::text)) EXECUTE FUNCTION s.f('WHEN (c)')",
                "new.b = ') EXECUTE FUNCTION'",
            ),
            (
                "CREATE TRIGGER t AFTER INSERT ON s.x FOR EACH ROW \
                 WHEN ((new.b = E'it\\\\''s')) EXECUTE FUNCTION s.f()",
                "new.b = E'it\\\\''s'",
            ),
        ] {
            assert_eq!(condition(definition), Expr::new(expected), "{definition}");
        }
    }
}
