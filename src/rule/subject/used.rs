//! What the body of a function names.

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::tokenizer::{Token, Word};

use super::Subject;
use crate::catalog::{Function, RelationKind, Signature, tokens};
use crate::ident::QualifiedName;
use crate::policy::place::views;

/// What a function does, as far as its text tells.
#[derive(Debug, Default)]
pub(in crate::rule) struct Used<'a> {
    /// The tables of tenants that it names, itself or by functions and views.
    pub(in crate::rule) tables: BTreeMap<&'a QualifiedName, Verb>,
    /// Whether it runs statements that its text does not show.
    pub(in crate::rule) hidden: bool,
    /// Whether it asks which tenant it runs for.
    pub(in crate::rule) asks_tenant: bool,
}

/// What is done to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rule) enum Verb {
    /// Rows are added, and nothing else.
    Insert,
    /// Its rows are read or changed.
    Touch,
}

/// What comes before the name of a table.
const BEFORE_TABLES: [&str; 7] = ["FROM", "JOIN", "INTO", "UPDATE", "ONLY", "TABLE", "USING"];

impl<'a> Used<'a> {
    pub(in crate::rule) fn of(subject: &Subject<'a>, function: &'a Function) -> Self {
        let mut used = Self::default();
        let mut seen = BTreeSet::new();
        let mut left = vec![function];
        while let Some(function) = left.pop() {
            let Some(words) = words(function) else {
                used.hidden = true;
                continue;
            };
            used.add(subject, &words);
            let called: BTreeSet<&Signature> =
                calls(&words).iter().flat_map(|name| subject.functions_named(name)).copied().collect();
            for signature in called {
                let Some(called) = subject.catalog.functions.get(signature) else { continue };
                // One that runs as its own owner is looked at by itself.
                if !called.security_definer && called.extension.is_none() && seen.insert(signature) {
                    left.push(called);
                }
            }
        }
        used
    }

    fn add(&mut self, subject: &Subject<'a>, tokens: &[Token]) {
        let tenancy = &subject.manifest.tenancy;
        let setting = tenancy.setting_name().as_str();
        for (at, token) in tokens.iter().enumerate() {
            let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
            match token {
                Token::SingleQuotedString(text) if text == setting => self.asks_tenant = true,
                Token::Word(word) if is(Some(token), "EXECUTE") && word.quote_style.is_none() => {
                    self.hidden = true;
                }
                Token::Word(word) => {
                    let name = folded(word);
                    let row = is(before(2), "NEW") || is(before(2), "OLD");
                    let own = row && name == tenancy.tenant_column().as_str();
                    let call = name == "tenant_id" && matches!(tokens.get(at + 1), Some(Token::LParen));
                    self.asks_tenant |= own || call;
                    self.name(subject, tokens, at, &name);
                }
                _ => {}
            }
        }
    }

    /// Adds the tables that a word stands for, where a table can stand.
    fn name(&mut self, subject: &Subject<'a>, tokens: &[Token], at: usize, name: &str) {
        let get = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
        let (schema, first) = match (get(2), get(1)) {
            (Some(Token::Word(schema)), Some(Token::Period)) => (Some(folded(schema)), 2),
            _ => (None, 0),
        };
        let before = get(first + 1);
        if !matches!(before, Some(Token::Comma)) && !BEFORE_TABLES.iter().any(|word| is(before, word)) {
            return;
        }
        let inserts = is(before, "INTO") && is(get(first + 2), "INSERT");
        let verb = if inserts { Verb::Insert } else { Verb::Touch };
        for known in subject.relations_named(name) {
            let same = schema.as_deref().is_none_or(|schema| schema == known.schema().as_str());
            let Some(relation) = subject.catalog.relations.get(*known).filter(|_| same) else { continue };
            let behind = match relation.kind {
                RelationKind::View | RelationKind::MaterializedView => {
                    views::reached(subject.catalog, relation)
                }
                RelationKind::Sequence => continue,
                _ => BTreeSet::from([*known]),
            };
            for table in behind.into_iter().filter(|table| subject.holds_tenants(table)) {
                let known = self.tables.entry(table).or_insert(verb);
                *known = verb.max(*known);
            }
        }
    }
}

/// The tokens of a body, where it is SQL or PL/pgSQL.
fn words(function: &Function) -> Option<Vec<Token>> {
    if !matches!(function.language.as_str(), "sql" | "plpgsql") {
        return None;
    }
    Some(tokens(&function.body)?.into_iter().map(|(token, _)| token).collect())
}

/// The names of the functions that are called.
fn calls(tokens: &[Token]) -> BTreeSet<String> {
    let called = tokens.windows(2).filter_map(|pair| match pair {
        [Token::Word(word), Token::LParen] => Some(folded(word)),
        _ => None,
    });
    called.collect()
}

/// A name as the catalog spells it.
fn folded(word: &Word) -> String {
    if word.quote_style.is_some() { word.value.clone() } else { word.value.to_lowercase() }
}

fn is(token: Option<&Token>, keyword: &str) -> bool {
    matches!(token, Some(Token::Word(word)) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(keyword))
}
