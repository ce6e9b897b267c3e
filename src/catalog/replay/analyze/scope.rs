//! What names can mean: the relations of the queries around them, from the innermost on.

use std::collections::BTreeSet;

use sqlparser::ast::{self, SelectItem, SetExpr, TableFactor};

use super::super::cursor::Name;
use super::super::state::State;
use super::ident;
use crate::ident::{Ident, QualifiedName};

/// A column of a scope's table with its type, where that is known.
pub(crate) type Output = (Ident, Option<String>);

/// One table of a query.
#[derive(Clone, Debug)]
pub(super) struct Range {
    /// What the query calls it.
    pub(super) alias: Ident,
    /// What the server calls it when it writes the query back.
    pub(super) shown: Ident,
    pub(super) relation: Option<QualifiedName>,
    /// Its columns, where they are known.
    pub(super) columns: Option<Vec<Output>>,
}

/// The tables of one query.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) ranges: Vec<Range>,
    /// Whether the server writes columns with their table's name.
    pub(super) prefixed: bool,
}

/// A column that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) shown: Ident,
    pub(super) relation: Option<QualifiedName>,
    pub(super) column: Ident,
    pub(super) data_type: Option<String>,
    pub(super) prefixed: bool,
}

impl Scope {
    /// The column of a name, with the name of its table or without.
    pub(super) fn find(&self, table: Option<&Ident>, column: &Ident) -> Option<Found> {
        let named = |range: &&Range| table.is_none_or(|table| range.alias == *table);
        let found = |range: &Range, data_type: Option<String>| Found {
            shown: range.shown.clone(),
            relation: range.relation.clone(),
            column: column.clone(),
            data_type,
            prefixed: self.prefixed,
        };
        let mut known = self.ranges.iter().filter(named).filter_map(|range| {
            let (_, data_type) = range.columns.as_ref()?.iter().find(|(name, _)| name == column)?;
            Some(found(range, data_type.clone()))
        });
        known.next().or_else(|| {
            let mut unknown = self.ranges.iter().filter(named).filter(|range| range.columns.is_none());
            unknown.next().map(|range| found(range, None))
        })
    }
}

impl State {
    /// The columns of a relation, where they are known.
    pub(crate) fn columns_of(&self, relation: &QualifiedName) -> Option<Vec<Output>> {
        if let Some(outputs) = self.outputs.get(relation) {
            return Some(outputs.clone());
        }
        let relation = self.catalog.relations.get(relation)?;
        let typed =
            relation.columns.iter().map(|column| (column.name.clone(), Some(column.data_type.clone())));
        (relation.view.is_none()).then(|| typed.collect())
    }

    /// Whether a relation has a column of this type, where that is known.
    pub(super) fn has_column(
        &self,
        relation: &QualifiedName,
        column: &Ident,
        data_type: Option<&str>,
    ) -> bool {
        if let Some(outputs) = self.outputs.get(relation) {
            return outputs.iter().any(|(name, of)| name == column && of.as_deref() == data_type);
        }
        let relation = self.catalog.relations.get(relation).filter(|relation| relation.view.is_none());
        let found = relation.and_then(|relation| relation.column(column));
        found.is_some_and(|found| data_type == Some(found.data_type.as_str()))
    }
}

/// A name of one or two parts, or of three with the database.
pub(super) fn name_of(name: &ast::ObjectName) -> Option<Name> {
    let mut parts = name.0.iter().rev().map(|part| part.as_ident().and_then(ident));
    let own = parts.next()??;
    match parts.next() {
        Some(schema) => Some(Name { schema: Some(schema?), name: own }),
        None => Some(Name { schema: None, name: own }),
    }
}

/// Our name as sqlparser has it, quoted where it has to be.
pub(super) fn written(name: &Ident) -> ast::Ident {
    if name.bare() == name.as_str() {
        ast::Ident::new(name.as_str())
    } else {
        ast::Ident::with_quote('"', name.as_str())
    }
}

/// A name that is not taken yet: the server appends `_1`, `_2` and so on.
pub(super) fn untaken(name: &Ident, taken: &BTreeSet<Ident>) -> Ident {
    let numbered = |count: usize| super::super::value::cut(format!("{}_{count}", name.as_str()));
    let mut names = std::iter::once(Some(name.clone())).chain((1..).map(numbered)).flatten();
    names.find(|name| !taken.contains(name)).unwrap_or_else(|| name.clone())
}

/// All tables that stand in FROM, those in joins too.
pub(super) fn factors(from: &mut [ast::TableWithJoins]) -> Vec<&mut TableFactor> {
    let mut found = Vec::new();
    for table in from {
        add_factor(&mut table.relation, &mut found);
        for join in &mut table.joins {
            add_factor(&mut join.relation, &mut found);
        }
    }
    found
}

fn add_factor<'a>(factor: &'a mut TableFactor, found: &mut Vec<&'a mut TableFactor>) {
    if let TableFactor::NestedJoin { table_with_joins, .. } = factor {
        add_factor(&mut table_with_joins.relation, found);
        for join in &mut table_with_joins.joins {
            add_factor(&mut join.relation, found);
        }
    } else {
        found.push(factor);
    }
}

/// The first SELECT of a query, which names its columns.
pub(super) fn first_select(query: &ast::Query) -> Option<&ast::Select> {
    let mut body = &*query.body;
    loop {
        match body {
            SetExpr::Select(select) => return Some(select),
            SetExpr::Query(query) => body = &query.body,
            SetExpr::SetOperation { left, .. } => body = left,
            _ => return None,
        }
    }
}

/// The name that the server gives to an expression that is a column of a query.
pub(super) fn figured(tree: &ast::Expr) -> Option<String> {
    use ast::Expr;
    let last = |name: &ast::ObjectName| name_of(name).map(|name| name.name.as_str().to_owned());
    match tree {
        Expr::Identifier(name) => ident(name).map(|name| name.as_str().to_owned()),
        Expr::CompoundIdentifier(parts) => parts.last().and_then(ident).map(|name| name.as_str().to_owned()),
        Expr::Function(function) => last(&function.name),
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => figured(inner),
        Expr::Cast { expr, data_type, .. } => figured(expr).or_else(|| {
            let written = data_type.to_string();
            let word = written.split(['(', '[']).next()?.rsplit('.').next()?.trim().to_ascii_lowercase();
            Some(match word.as_str() {
                "int" | "integer" => "int4".to_owned(),
                "bigint" => "int8".to_owned(),
                "smallint" => "int2".to_owned(),
                "boolean" => "bool".to_owned(),
                "character varying" => "varchar".to_owned(),
                "double precision" => "float8".to_owned(),
                _ => word,
            })
        }),
        Expr::Case { else_result, .. } => {
            else_result.as_ref().and_then(|result| figured(result)).or_else(|| Some("case".to_owned()))
        }
        Expr::Substring { .. } => Some("substring".to_owned()),
        Expr::Position { .. } => Some("position".to_owned()),
        Expr::Extract { .. } => Some("extract".to_owned()),
        Expr::Trim { trim_where, .. } => Some(match trim_where {
            Some(ast::TrimWhereField::Leading) => "ltrim".to_owned(),
            Some(ast::TrimWhereField::Trailing) => "rtrim".to_owned(),
            _ => "btrim".to_owned(),
        }),
        Expr::Ceil { .. } => Some("ceil".to_owned()),
        Expr::Floor { .. } => Some("floor".to_owned()),
        Expr::AtTimeZone { .. } => Some("timezone".to_owned()),
        Expr::Array(_) => Some("array".to_owned()),
        Expr::Exists { .. } => Some("exists".to_owned()),
        Expr::Subquery(query) => match first_select(query)?.projection.first()? {
            SelectItem::UnnamedExpr(expr) => figured(expr),
            SelectItem::ExprWithAlias { alias, .. } => ident(alias).map(|name| name.as_str().to_owned()),
            _ => None,
        },
        _ => None,
    }
}
