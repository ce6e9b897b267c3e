//! The way through a tree, with the scopes of the queries around.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    self, Expr, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableAlias,
    TableFactor, VisitorMut,
};

use super::super::cursor::{Cursor, Name};
use super::super::depend::Object;
use super::super::lex;
use super::super::parse::type_name::type_name;
use super::super::state::State;
use super::scope::{Found, Output, Range, Scope, factors, figured, first_select, name_of, untaken, written};
use super::{Place, Renamed, ident};
use crate::ident::{Ident, QualifiedName};

pub(super) struct Walk<'a> {
    pub(super) state: &'a State,
    pub(super) scopes: Vec<Scope>,
    /// The common tables of each query around, by their names.
    commons: Vec<Vec<(Ident, Option<Vec<Output>>)>>,
    /// The scope of the last SELECT of each query around, for what follows it.
    last: Vec<Option<Scope>>,
    /// What is renamed, if that is what the way is gone for. The tree is then one that was analyzed before.
    pub(super) renamed: Option<&'a Renamed>,
    uses: BTreeSet<Object>,
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
        Self { state, scopes, commons: Vec::new(), last: Vec::new(), renamed, uses: BTreeSet::new() }
    }

    pub(super) fn into_uses(self) -> BTreeSet<Object> {
        self.uses
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
            if let Some([table]) = parts.as_deref() {
                self.whole_row(table);
            }
            return;
        };
        self.use_column(&found);
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
    fn function(&mut self, name: &mut ObjectName) {
        let Some(called) = name_of(name) else { return };
        let overloads = self.state.functions_named(&called);
        let full = match overloads.first() {
            Some(first) => first.name.clone(),
            None => match self.state.extension_function(&called) {
                Some(full) => full,
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
        let (text, _) = self.state.written_type(&name).ok()?;
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

    /// The scope of a SELECT, whose tables get the names under which the server writes them.
    fn scope(&mut self, select: &mut Select) -> Scope {
        let mut taken: BTreeSet<Ident> =
            self.scopes.iter().flat_map(|scope| &scope.ranges).map(|range| range.shown.clone()).collect();
        let mut scope = Scope { ranges: Vec::new(), prefixed: true };
        for factor in factors(&mut select.from) {
            if let Some(range) = self.range(factor, &taken) {
                taken.insert(range.shown.clone());
                scope.ranges.push(range);
            }
        }
        scope
    }

    fn range(&mut self, factor: &mut TableFactor, taken: &BTreeSet<Ident>) -> Option<Range> {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let called = name_of(name)?;
                self.table(name, &called, alias, taken)
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let outputs = self.outputs(subquery);
                named_range(alias.as_ref()?, outputs, taken)
            }
            TableFactor::Table { name, alias, .. } | TableFactor::Function { name, alias, .. } => {
                let called = name_of(name)?;
                self.function(name);
                let alias = alias.clone().unwrap_or_else(|| table_alias(&called.name));
                let columns = one_column(&called.name, &alias);
                named_range(&alias, columns, taken)
            }
            TableFactor::UNNEST { alias, .. } => {
                let unnest = Ident::known("unnest");
                let alias = alias.clone().unwrap_or_else(|| table_alias(&unnest));
                named_range(&alias, one_column(&unnest, &alias), taken)
            }
            TableFactor::TableFunction { alias, .. } => named_range(alias.as_ref()?, None, taken),
            _ => None,
        }
    }

    fn table(
        &mut self,
        name: &mut ObjectName,
        called: &Name,
        alias: &mut Option<TableAlias>,
        taken: &BTreeSet<Ident>,
    ) -> Option<Range> {
        let common = self.commons.iter().rev().flatten().find(|(common, _)| *common == called.name);
        let (relation, columns) = match common {
            Some((_, columns)) if called.schema.is_none() => (None, columns.clone()),
            _ => match self.state.find(called) {
                Ok(full) => {
                    let columns = self.state.columns_of(&full);
                    (Some(full), columns)
                }
                Err(_) => (None, None),
            },
        };
        let own = alias.as_ref().and_then(|alias| ident(&alias.name));
        let (mut shown, mut columns) = (own.clone().unwrap_or_else(|| called.name.clone()), columns);
        if let Some(full) = &relation {
            self.uses.insert(Object::Relation(full.clone()));
            let now = match self.renamed {
                Some(Renamed::Relation(from, to)) if from == full => to,
                _ => full,
            };
            if own.as_ref().is_none_or(|own| is_numbered(own, full.name())) {
                shown = now.name().clone();
            }
            *name = ObjectName::from(vec![written(now.schema()), written(now.name())]);
        }
        shown = untaken(&shown, taken);
        let listed = alias.as_ref().map(|alias| alias.columns.clone()).unwrap_or_default();
        for (place, column) in listed.iter().enumerate() {
            let columns = columns.as_mut().and_then(|columns| columns.get_mut(place));
            if let (Some(known), Some(column)) = (columns, ident(&column.name)) {
                known.0 = column;
            }
        }
        let range = Range { alias: own.unwrap_or_else(|| called.name.clone()), shown, relation, columns };
        let mut shown = table_alias(&range.shown);
        shown.columns = listed;
        *alias = Some(shown);
        Some(range)
    }

    /// The columns of a query, where they are known.
    pub(super) fn outputs(&mut self, query: &Query) -> Option<Vec<Output>> {
        if let SetExpr::Values(values) = &*query.body {
            let row = values.rows.first()?;
            let named = (1..).map(|number| super::super::value::cut(format!("column{number}")));
            return named.zip(row.iter()).map(|(name, value)| Some((name?, self.type_of(value)))).collect();
        }
        let mut select = first_select(query)?.clone();
        self.commons.push(Vec::new());
        self.add_commons(query);
        let scope = self.scope(&mut select);
        self.scopes.push(scope);
        let outputs = select.projection.iter().map(|item| self.output(item)).collect::<Option<Vec<_>>>();
        self.scopes.pop();
        self.commons.pop();
        outputs.map(|outputs| outputs.into_iter().flatten().collect())
    }

    fn output(&mut self, item: &SelectItem) -> Option<Vec<Output>> {
        let ranges = self.scopes.last().map(|scope| scope.ranges.clone()).unwrap_or_default();
        match item {
            SelectItem::UnnamedExpr(expr) => {
                let name = figured(expr).unwrap_or_else(|| "?column?".to_owned());
                Some(vec![(super::super::value::cut(name)?, self.full_type_of(expr))])
            }
            SelectItem::ExprWithAlias { expr, alias } => Some(vec![(ident(alias)?, self.full_type_of(expr))]),
            SelectItem::Wildcard(_) => {
                let columns = ranges.into_iter().map(|range| range.columns).collect::<Option<Vec<_>>>();
                columns.map(|columns| columns.into_iter().flatten().collect())
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let table = name_of(name)?.name;
                ranges.into_iter().find(|range| range.alias == table)?.columns
            }
            _ => None,
        }
    }

    fn add_commons(&mut self, query: &Query) {
        for common in query.with.iter().flat_map(|with| &with.cte_tables) {
            let Some(name) = ident(&common.alias.name) else { continue };
            let listed: Vec<Ident> =
                common.alias.columns.iter().filter_map(|column| ident(&column.name)).collect();
            // One that names itself has to be there when it is looked at.
            let known =
                (!listed.is_empty()).then(|| listed.iter().map(|name| (name.clone(), None)).collect());
            if let Some(frame) = self.commons.last_mut() {
                frame.push((name, known));
            }
            let mut outputs = self.outputs(&common.query);
            for (output, name) in outputs.iter_mut().flatten().zip(listed) {
                output.0 = name;
            }
            if let Some((_, columns)) = self.commons.last_mut().and_then(|frame| frame.last_mut()) {
                *columns = outputs;
            }
        }
    }

    /// Puts columns in the place of `*`, and notes that all of them are used.
    fn wildcards(&mut self, select: &mut Select) {
        let Some(scope) = self.scopes.last().cloned() else { return };
        let mut items = Vec::new();
        for item in std::mem::take(&mut select.projection) {
            let of: Option<Vec<&Range>> = match &item {
                SelectItem::Wildcard(_) => Some(scope.ranges.iter().collect()),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let table = name_of(name).map(|name| name.name);
                    Some(scope.ranges.iter().filter(|range| Some(&range.alias) == table.as_ref()).collect())
                }
                _ => None,
            };
            let columns = of.and_then(|of| {
                of.iter()
                    .map(|range| range.columns.as_ref().map(|columns| (*range, columns)))
                    .collect::<Option<Vec<_>>>()
            });
            match columns {
                Some(columns) => {
                    for (range, (column, _)) in columns
                        .into_iter()
                        .flat_map(|(range, columns)| columns.iter().map(move |column| (range, column)))
                    {
                        let parts = vec![written(&range.alias), written(column)];
                        items.push(SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)));
                    }
                }
                None => items.push(item),
            }
        }
        select.projection = items;
    }
}

/// The column of a function of the server that returns a set of values, which is called as its table is.
fn one_column(function: &Ident, alias: &TableAlias) -> Option<Vec<Output>> {
    match function.as_str() {
        "unnest"
        | "generate_series"
        | "generate_subscripts"
        | "regexp_split_to_table"
        | "string_to_table" => Some(vec![(ident(&alias.name)?, None)]),
        "jsonb_array_elements"
        | "jsonb_array_elements_text"
        | "json_array_elements"
        | "json_array_elements_text" => Some(vec![(Ident::known("value"), None)]),
        _ => None,
    }
}

/// Whether an alias is the one that the server makes up for a table whose name is taken.
fn is_numbered(alias: &Ident, table: &Ident) -> bool {
    let number = alias.as_str().strip_prefix(table.as_str()).and_then(|rest| rest.strip_prefix('_'));
    number.is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

fn table_alias(name: &Ident) -> TableAlias {
    TableAlias { explicit: false, name: written(name), columns: Vec::new(), at: None }
}

fn named_range(alias: &TableAlias, columns: Option<Vec<Output>>, taken: &BTreeSet<Ident>) -> Option<Range> {
    let name = ident(&alias.name)?;
    let listed: Vec<Ident> = alias.columns.iter().filter_map(|column| ident(&column.name)).collect();
    let columns = match columns {
        Some(mut columns) => {
            for (column, name) in columns.iter_mut().zip(listed) {
                column.0 = name;
            }
            Some(columns)
        }
        None if listed.is_empty() => None,
        None => Some(listed.into_iter().map(|name| (name, None)).collect()),
    };
    let shown = untaken(&name, taken);
    Some(Range { alias: name, shown, relation: None, columns })
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
