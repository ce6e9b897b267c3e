//! The way through a tree, with the scopes of the queries around.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{self, Expr, ObjectName, Query, Select, VisitorMut};

use super::super::cursor::Cursor;
use super::super::depend::Object;
use super::super::parse::type_name::type_name;
use super::super::state::State;
use super::alike::{RestsOn, is_of_server};
use super::scope::{Found, Output, Range, Scope, name_of, written};
use super::{Place, Renamed, ident};
use crate::ident::{Ident, QualifiedName};
use crate::lex;

pub(super) struct Walk<'a> {
    pub(super) state: &'a State,
    pub(super) scopes: Vec<Scope>,
    /// The common tables of each query around, by their names.
    pub(super) commons: Vec<Vec<(Ident, Option<Vec<Output>>)>>,
    /// The scope of the last SELECT of each query around, for what follows it.
    last: Vec<Option<Scope>>,
    /// What is renamed, if that is what the way is gone for. The tree is then one that was analyzed before.
    pub(super) renamed: Option<&'a Renamed>,
    pub(super) uses: BTreeSet<Object>,
    /// What it rests on, unless that is more than can be told.
    rests_on: Option<RestsOn>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(state: &'a State, place: Place<'_>, renamed: Option<&'a Renamed>) -> Self {
        let range = |name: &QualifiedName, alias: &Ident, shown: &Ident| Range {
            alias: alias.clone(),
            shown: shown.clone(),
            relation: Some(name.clone()),
            columns: state.columns_of(name),
        };
        let root = match place {
            Place::Nowhere => Scope::default(),
            Place::On(name) => {
                let shown = match renamed {
                    Some(Renamed::Relation(from, to)) if from == name => to,
                    _ => name,
                };
                Scope { ranges: vec![range(name, name.name(), shown.name())], prefixed: false }
            }
            Place::Trigger(name) => {
                let rows = [Ident::known("old"), Ident::known("new")];
                Scope { ranges: rows.iter().map(|row| range(name, row, row)).collect(), prefixed: true }
            }
        };
        let scopes = vec![root];
        let rests_on = renamed.is_none().then(RestsOn::default);
        Self {
            state,
            scopes,
            commons: Vec::new(),
            last: Vec::new(),
            renamed,
            uses: BTreeSet::new(),
            rests_on,
        }
    }

    /// What the tree uses, and what that rests on.
    pub(super) fn end(self) -> (BTreeSet<Object>, Option<RestsOn>) {
        (self.uses, self.rests_on)
    }

    /// Its meaning rests on something that is not kept in mind.
    pub(super) fn rests_on_more(&mut self) {
        self.rests_on = None;
    }

    /// The column that a name means.
    pub(super) fn find(&self, table: Option<&Ident>, column: &Ident) -> Option<Found> {
        self.scopes.iter().rev().find_map(|scope| scope.find(table, column))
    }

    pub(super) fn use_type(&mut self, text: &str) {
        self.uses.extend(self.state.own_type(text).map(Object::Type));
    }

    fn use_column(&mut self, found: &Found) {
        if let Some(relation) = &found.relation {
            self.uses.insert(Object::Column(relation.clone(), found.column.clone()));
            self.uses.insert(Object::Relation(relation.clone()));
        }
    }

    /// A column's name as the server writes it.
    fn column(&mut self, expr: &mut Expr) {
        let parts: Option<Vec<Ident>> = match &*expr {
            Expr::Identifier(name) => ident(name).map(|name| vec![name]),
            Expr::CompoundIdentifier(parts) => parts.iter().map(ident).collect(),
            _ => None,
        };
        let found = match parts.as_deref() {
            Some([column]) => self.find(None, column),
            Some([.., table, column]) => self.find(Some(table), column),
            _ => None,
        };
        let Some(found) = found else {
            // The whole row of a table, or what only whoever runs it knows.
            self.rests_on_more();
            if let Some([table]) = parts.as_deref() {
                self.whole_row(table);
            }
            return;
        };
        self.use_column(&found);
        match &mut self.rests_on {
            Some(rests_on)
                if self.scopes.len() == 1 && matches!(expr, Expr::Identifier(_)) && !found.prefixed =>
            {
                rests_on.column(&found);
            }
            _ => self.rests_on_more(),
        }
        let column = match (self.renamed, &found.relation) {
            (Some(Renamed::Column(table, from, to)), Some(of)) if table == of && *from == found.column => to,
            _ => &found.column,
        };
        // Within a query the server writes the table with every column.
        *expr = if found.prefixed || self.scopes.len() > 1 {
            Expr::CompoundIdentifier(vec![written(&found.shown), written(column)])
        } else {
            Expr::Identifier(written(column))
        };
    }

    fn whole_row(&mut self, table: &Ident) {
        let ranges = self.scopes.iter().rev().flat_map(|scope| &scope.ranges);
        let named = ranges.filter(|range| range.alias == *table).find_map(|range| range.relation.clone());
        self.uses.extend(named.map(Object::Relation));
    }

    /// The function that a name means, as the server writes it.
    pub(super) fn function(&mut self, name: &mut ObjectName) {
        let Some(called) = name_of(name) else { return };
        let overloads = self.state.functions_named(&called);
        if let Some(rests_on) = &mut self.rests_on {
            rests_on.function(self.state, called.clone(), &overloads);
        }
        let full = match overloads.first() {
            Some(first) => first.name.clone(),
            None => match self.state.extension_function(&called) {
                Some(full) => {
                    self.rests_on_more();
                    full
                }
                None => return,
            },
        };
        let full = match self.renamed {
            Some(Renamed::Function(from, to)) if *from == full => to.clone(),
            _ => full,
        };
        self.uses.extend(overloads.into_iter().map(Object::Function));
        *name = ObjectName::from(vec![written(full.schema()), written(full.name())]);
    }

    /// The type that a cast names, as the server writes it.
    pub(super) fn data_type(&mut self, data_type: &ast::DataType) -> Option<String> {
        let text = data_type.to_string();
        let tokens = lex::tokens(&text);
        let mut cursor = Cursor::new(&text, &tokens);
        let name = type_name(&mut cursor).ok()?;
        cursor.end().ok()?;
        let (text, known) = self.state.written_type(&name).ok()?;
        if !known || !is_of_server(&text) {
            self.rests_on_more();
        }
        if let Some(full) = self.state.own_type(&text) {
            let text = match self.renamed {
                Some(Renamed::Type(from, to)) if *from == full => text.replacen(&from.bare(), &to.bare(), 1),
                _ => text,
            };
            self.uses.insert(Object::Type(full));
            return Some(text);
        }
        Some(text)
    }

    /// The relation that a literal names, as `nextval` and `regclass` take it.
    pub(super) fn relation_literal(&mut self, text: &str) -> Option<String> {
        self.rests_on_more();
        let tokens = lex::tokens(text);
        let mut cursor = Cursor::new(text, &tokens);
        let name = cursor.name().ok()?;
        cursor.end().ok()?;
        let full =
            self.state.find(&name).or_else(|_| self.state.find_index(&name).map(|(index, _)| index)).ok()?;
        self.uses.insert(Object::Relation(full.clone()));
        Some(match self.renamed {
            Some(Renamed::Relation(from, to)) if *from == full => to.bare(),
            _ => full.bare(),
        })
    }
}

impl VisitorMut for Walk<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        self.commons.push(Vec::new());
        self.last.push(None);
        self.add_commons(query);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.commons.pop();
        self.last.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let scope = self.scope(select);
        self.scopes.push(scope);
        self.wildcards(select);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &mut Select) -> ControlFlow<()> {
        let scope = self.scopes.pop();
        if let Some(last) = self.last.last_mut() {
            *last = scope;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_order_by(&mut self, _: &mut ast::OrderBy) -> ControlFlow<()> {
        let scope = self.last.last().cloned().flatten().unwrap_or_default();
        self.scopes.push(scope);
        ControlFlow::Continue(())
    }

    fn post_visit_order_by(&mut self, _: &mut ast::OrderBy) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    // Those that FROM does not name: the table of an INSERT, say.
    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        self.rests_on_more();
        if let Some(full) = name_of(relation).and_then(|name| self.state.find(&name).ok()) {
            let common = self.commons.iter().flatten().any(|(name, _)| name == full.name());
            if !common || relation.0.len() > 1 {
                self.uses.insert(Object::Relation(full));
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.column(expr),
            Expr::Function(function) => self.function(&mut function.name),
            Expr::Cast { data_type, .. } => {
                if let Some(text) = self.data_type(&data_type.clone()) {
                    *data_type = super::coerce::custom(&text);
                }
            }
            Expr::TypedString(typed) => {
                let data_type = self.data_type(&typed.data_type.clone());
                if let Some(text) = data_type {
                    let value = Expr::Value(typed.value.clone());
                    *expr = super::coerce::cast(value, &text);
                }
            }
            _ => {}
        }
        self.coerce(expr);
        ControlFlow::Continue(())
    }
}
