//! The columns of a query.

use sqlparser::ast::{Expr, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr};

use super::ident;
use super::scope::{Output, Range, figured, first_select, name_of, written};
use super::walk::Walk;
use crate::ident::Ident;

impl Walk<'_> {
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

    pub(super) fn add_commons(&mut self, query: &Query) {
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
    pub(super) fn wildcards(&mut self, select: &mut Select) {
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
