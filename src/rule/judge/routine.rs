//! What the functions of a database say of the session.

use std::collections::BTreeSet;

use sqlparser::ast::{Expr, Function as Call};
use sqlparser::tokenizer::Token;

use super::eval::{Eval, Focus};
use super::scope::{Scope, qualified};
use super::world::{BOUND, EMPTY, Truth, UNSET, Values, value};
use super::{FUEL, Judge};
use crate::catalog::{Function, Signature, has_expr, tokens};

/// What a function reads and yields.
#[derive(Clone, Debug)]
pub(in crate::rule) struct Routine {
    /// What it yields, if it takes nothing of the row.
    value: Values,
    /// The settings that it reads, those of functions that it calls among them, in lower case.
    pub(in crate::rule) settings: BTreeSet<String>,
    /// Whether it reads anything of the session: a setting, or who is logged in.
    pub(in crate::rule) reads_session: bool,
    /// Whether it looks something up in a table.
    pub(in crate::rule) looks_up: bool,
    /// Whether it casts a setting that can be empty.
    pub(in crate::rule) casts_raw: bool,
}

impl Routine {
    fn unknown() -> Self {
        Self {
            value: Values::UNKNOWN,
            settings: BTreeSet::new(),
            reads_session: false,
            looks_up: false,
            casts_raw: false,
        }
    }
}

/// Words that read who is logged in.
const ROLES: [&str; 4] = ["current_user", "session_user", "current_role", "system_user"];

impl<'a> Judge<'_, 'a> {
    /// The functions of the catalog that a call can mean.
    pub(in crate::rule) fn called(
        &self,
        call: &Call,
        arguments: usize,
    ) -> Vec<(&'a Signature, &'a Function)> {
        let Some(name) = qualified(&call.name) else { return Vec::new() };
        let first = Signature { name: name.clone(), arguments: Vec::new() };
        let named = self.catalog().functions.range(first..);
        let named: Vec<_> = named.take_while(|(signature, _)| signature.name == name).collect();
        let fits: Vec<_> = named.iter().copied().filter(|(of, _)| of.arguments.len() == arguments).collect();
        if fits.is_empty() { named } else { fits }
    }

    /// What a function reads and yields.
    pub(in crate::rule) fn routine(&self, signature: &'a Signature, function: &'a Function) -> Routine {
        if let Some(known) = self.routines.borrow().get(signature) {
            return known.clone();
        }
        // A function that calls itself learns nothing of itself.
        self.routines.borrow_mut().insert(signature, Routine::unknown());
        let routine = self.look_into(signature, function);
        self.routines.borrow_mut().insert(signature, routine.clone());
        routine
    }

    /// What a call yields that is none of the server's own.
    pub(super) fn call(&self, call: &Call, arguments: &[&Expr]) -> Values {
        let of_support = qualified(&call.name).filter(|name| name.schema() == self.tenancy().support());
        match of_support.as_ref().map(|name| name.name().as_str()) {
            Some("tenant_id" | "tenant_tree") => {
                return Values::NONE
                    .set(&BOUND, value::TENANT)
                    .set(&UNSET, value::RAISE)
                    .set(&EMPTY, value::RAISE);
            }
            Some("no_tenant") => return Values::all(value::RAISE),
            _ => {}
        }
        if arguments.iter().any(|argument| names_columns(argument)) {
            return Values::UNKNOWN;
        }
        let called = self.called(call, arguments.len());
        let mut values =
            called.into_iter().map(|(signature, function)| self.routine(signature, function).value);
        let Some(first) = values.next() else { return Values::UNKNOWN };
        values.fold(first, Values::or)
    }

    /// Whether a condition holds that is a call.
    pub(super) fn holds(&self, call: &Call) -> Truth {
        let arguments = super::eval::arguments(call);
        let called = self.called(call, arguments.len());
        let looks =
            called.into_iter().any(|(signature, function)| self.routine(signature, function).reads_session);
        // It may well compare what it is given with the tenant.
        let may = looks && arguments.iter().any(|argument| names_columns(argument));
        if may { Truth::UNKNOWN } else { Truth::OPEN }
    }

    fn look_into(&self, signature: &'a Signature, function: &'a Function) -> Routine {
        let mut settings = BTreeSet::new();
        let (mut reads_session, mut casts_raw, mut looks_up) = (false, false, false);
        let Some(found) = tokens(&function.body) else { return Routine::unknown() };
        let words: Vec<&Token> = found.iter().map(|(token, _)| token).collect();
        for (at, token) in words.iter().enumerate() {
            let Token::Word(word) = token else { continue };
            let lower = word.value.to_ascii_lowercase();
            looks_up |= lower == "from";
            if ROLES.contains(&lower.as_str()) {
                reads_session = true;
            } else if lower == "current_setting" {
                reads_session = true;
                casts_raw |= is_cast(&words[at + 1..]);
                if let [Token::LParen, Token::SingleQuotedString(name), ..] = words[at + 1..] {
                    settings.insert(name.to_ascii_lowercase());
                }
            } else if matches!(words.get(at + 1), Some(Token::LParen)) {
                let schema = (at >= 2 && *words[at - 1] == Token::Period).then(|| words[at - 2].to_string());
                for (other, function) in self.named(schema.as_deref(), &word.value, signature) {
                    let routine = self.routine(other, function);
                    settings.extend(routine.settings);
                    reads_session |= routine.reads_session;
                    looks_up |= routine.looks_up;
                }
            }
        }
        let value = if !reads_session {
            Values::UNKNOWN
        } else if function.language == "sql" {
            self.sql_value(&function.body).unwrap_or_else(|| self.guessed(&words, function, &settings))
        } else {
            self.guessed(&words, function, &settings)
        };
        Routine { value, settings, reads_session, looks_up, casts_raw }
    }

    /// The functions of a name in a body, which need not say the schema.
    fn named(
        &self,
        schema: Option<&str>,
        name: &str,
        from: &Signature,
    ) -> Vec<(&'a Signature, &'a Function)> {
        let same = |of: &Signature| {
            of.name.name().as_str() == name
                && schema.is_none_or(|schema| of.name.schema().as_str() == schema.trim_matches('"'))
                && of != from
        };
        self.catalog().functions.iter().filter(|(signature, _)| same(signature)).collect()
    }

    fn sql_value(&self, body: &str) -> Option<Values> {
        let expr = Self::expression(body)?;
        let fuel = std::cell::Cell::new(FUEL);
        let scope = Scope::nothing();
        let focus = Focus { spot: (usize::MAX, 0), columns: &[] };
        let eval = Eval { judge: self, scope: &scope, focus, literals: true, fuel: &fuel };
        Some(eval.elements(&expr))
    }

    /// The expression that a body in SQL is: what it returns, or its query as a subselect.
    pub(super) fn expression(body: &str) -> Option<Expr> {
        let body = body.trim().trim_end_matches(';').trim();
        let word = |word: &str| {
            let rest = body.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word));
            rest.and_then(|_| body.get(word.len()..))
        };
        if let Some(expression) = word("return") {
            return crate::catalog::Expr::new(expression).normal_tree();
        }
        let query = match word("begin atomic") {
            Some(inner) => inner.trim().strip_suffix("END").or_else(|| inner.trim().strip_suffix("end"))?,
            None => body,
        };
        let query = query.trim().trim_end_matches(';');
        // As a subselect it comes in the one spelling.
        crate::catalog::Expr::new(format!("({query})")).normal_tree()
    }

    /// What a body of another language yields that reads the session: what the setting says, it is taken.
    fn guessed(&self, words: &[&Token], function: &Function, settings: &BTreeSet<String>) -> Values {
        let says = |wanted: &str| {
            let is = |token: &&Token| matches!(token, Token::Word(word) if word.value.eq_ignore_ascii_case(wanted));
            words.iter().any(is)
        };
        let is_tenant = settings.iter().any(|name| self.is_tenant_setting(name));
        let bound = if is_tenant { value::TENANT } else { value::SESSION };
        let is_text =
            function.returns.as_deref().is_some_and(|of| matches!(of, "text" | "character varying"));
        let blank = match (says("nullif"), is_text) {
            (true, _) => value::NULL,
            (false, true) => value::BLANK,
            (false, false) => value::RAISE,
        };
        Values::NONE.set(&BOUND, bound).set(&UNSET, value::NULL).set(&EMPTY, blank)
    }
}

/// Whether an expression names a column, or reads a relation.
pub(in crate::rule) fn names_columns(expr: &Expr) -> bool {
    has_expr(expr, &mut |part| matches!(part, Expr::Identifier(_) | Expr::CompoundIdentifier(_)))
}

/// Whether a call, the words of which begin behind its name, is cast to something that is no text.
fn is_cast(words: &[&Token]) -> bool {
    let Some(end) = words.iter().position(|token| **token == Token::RParen) else { return false };
    match words.get(end + 1..) {
        Some([Token::DoubleColon, Token::Word(data_type), ..]) => {
            !matches!(data_type.value.to_ascii_lowercase().as_str(), "text" | "varchar" | "character")
        }
        _ => false,
    }
}
