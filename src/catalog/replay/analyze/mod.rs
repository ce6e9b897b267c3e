//! What an expression or a query means where it stands: which relations, columns, functions and types it names.
//!
//! The server keeps trees, in which every name is the object that it meant when the tree was made, and writes them back
//! with schemas, with prefixes and with the casts that it has put in. Here the same is done to sqlparser's trees.

mod alike;
mod coerce;
mod from;
mod kinds;
mod lists;
mod output;
mod scope;
mod walk;

use std::collections::BTreeSet;

use sqlparser::ast;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use super::depend::Object;
use super::state::State;
use crate::catalog::{Expr, parser, visit_mut};
use crate::ident::{Ident, QualifiedName};
pub(super) use alike::Alike;
use walk::Walk;

/// Where an expression stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// Nowhere: it names no column.
    Nowhere,
    /// With a relation, whose columns it can name.
    On(&'a QualifiedName),
    /// In the condition of a trigger, where `OLD` and `NEW` are rows of the relation.
    Trigger(&'a QualifiedName),
}

/// An expression, understood.
#[derive(Clone, Debug)]
pub(super) struct Analyzed {
    pub(super) expr: Expr,
    pub(super) uses: BTreeSet<Object>,
    /// Its type, where it is known.
    pub(super) data_type: Option<String>,
}

/// A query, understood.
#[derive(Debug, Default)]
pub(super) struct AnalyzedQuery {
    pub(super) uses: BTreeSet<Object>,
    /// Its columns with their types, where they are known.
    pub(super) outputs: Option<Vec<(Ident, Option<String>)>>,
}

/// A name that changes.
#[derive(Clone, Debug)]
pub(super) enum Renamed {
    Relation(QualifiedName, QualifiedName),
    Column(QualifiedName, Ident, Ident),
    Function(QualifiedName, QualifiedName),
    Type(QualifiedName, QualifiedName),
}

impl State {
    /// Understands an expression. One that is to be assigned to a column gets the column's type.
    ///
    /// What sqlparser does not parse is kept as it is; the second of the pair tells.
    pub(super) fn analyze(
        &self,
        text: &str,
        place: Place<'_>,
        target: Option<&str>,
    ) -> (Analyzed, Option<String>) {
        if let Some(known) = self.analyzed_alike(text, place, target) {
            return (known, None);
        }
        let tree = match crate::catalog::parse(text) {
            Ok(tree) => tree,
            Err(why) => {
                let uses = self.named_in(text);
                let note = format!("an expression is not understood: {why}");
                return (Analyzed { expr: Expr::new(text), uses, data_type: None }, Some(note));
            }
        };
        let mut tree = tree;
        let mut walk = Walk::new(self, place, None);
        let _ = visit_mut(&mut tree, &mut walk);
        if let Some(target) = target {
            walk.assign(&mut tree, target);
        }
        let data_type = walk.type_of(&tree);
        let (uses, rests_on) = walk.end();
        let analyzed = Analyzed { expr: Expr::with_tree(text, tree), uses, data_type };
        if let Some(rests_on) = rests_on {
            self.alike.keep(text, target, rests_on, &analyzed);
        }
        (analyzed, None)
    }

    /// Understands a query.
    pub(super) fn analyze_query(&self, text: &str) -> (AnalyzedQuery, Option<String>) {
        let written_out;
        let text = match table_command(text) {
            Some(table) => {
                written_out = format!("SELECT * FROM {table}");
                &written_out
            }
            None => text,
        };
        match parse(text, Parser::parse_query) {
            Ok(mut query) => {
                let mut walk = Walk::new(self, Place::Nowhere, None);
                let _ = visit_mut(&mut query, &mut walk);
                let outputs = walk.outputs(&query);
                (AnalyzedQuery { uses: walk.end().0, outputs }, None)
            }
            Err(why) => {
                let note = format!("a query is not understood, so what it reads is guessed: {why}");
                (AnalyzedQuery { uses: self.named_in(text), outputs: None }, Some(note))
            }
        }
    }

    /// Understands a statement that changes rows, as an action of a rule.
    pub(super) fn analyze_action(
        &self,
        text: &str,
        table: &QualifiedName,
    ) -> (BTreeSet<Object>, Option<String>) {
        match parse(text, Parser::parse_statement) {
            Ok(mut statement) => {
                let mut walk = Walk::new(self, Place::Trigger(table), None);
                let _ = visit_mut(&mut statement, &mut walk);
                (walk.end().0, None)
            }
            Err(why) => {
                let note = format!("an action is not understood, so what it names is guessed: {why}");
                (self.named_in(text), Some(note))
            }
        }
    }

    /// An expression under the new name of something that it names. It is then written as the server writes it.
    pub(super) fn renamed(&self, expr: &Expr, place: Place<'_>, change: &Renamed) -> Option<Expr> {
        let mut tree = expr.normal_tree()?;
        let mut walk = Walk::new(self, place, Some(change));
        let _ = visit_mut(&mut tree, &mut walk);
        Some(Expr::of_tree(tree))
    }

    /// Whatever relation a text that is not understood names anywhere.
    fn named_in(&self, text: &str) -> BTreeSet<Object> {
        let tokens = crate::lex::tokens(text);
        let mut found = BTreeSet::new();
        for at in 0..tokens.len() {
            let mut cursor = super::cursor::Cursor::new(text, tokens.get(at..).unwrap_or_default());
            if let Ok(name) = cursor.name()
                && let Ok(relation) = self.find(&name)
            {
                found.insert(Object::Relation(relation));
            }
        }
        found
    }
}

fn parse<T>(
    text: &str,
    read: impl FnOnce(&mut Parser<'static>) -> Result<T, ParserError>,
) -> Result<T, String> {
    let result = parser(text).and_then(|mut parser| {
        let read = read(&mut parser)?;
        parser.expect_token(&Token::EOF)?;
        Ok(read)
    });
    result.map_err(|error| error.to_string())
}

/// The table of `TABLE name`, which is short for a query of all that is in it.
fn table_command(text: &str) -> Option<&str> {
    let first = crate::lex::token(text, 0)?;
    if first.is_word(text, "table") { text.get(first.end..) } else { None }
}

/// The name that the server gives to a column of a query, or to a key of an index, that is an expression.
pub(super) fn figured_name(text: &str) -> Option<String> {
    crate::catalog::parse(text).ok().and_then(|tree| scope::figured(&tree))
}

/// A name of sqlparser as ours.
fn ident(ident: &ast::Ident) -> Option<Ident> {
    let name =
        if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_ascii_lowercase() };
    super::value::cut(name)
}
