//! What an expression can be, in each situation.

use std::cell::Cell;

use sqlparser::ast::{
    self, BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Query,
    SelectItem, SetExpr, Value,
};

use super::scope::{Scope, Spot};
use super::world::{BOUND, EMPTY, UNSET, Values, World, truth, value};
use super::{Judge, strip};
use crate::catalog::canonical_type;

/// Looks at expressions that stand in one scope, for the rows of one relation of it.
#[derive(Clone, Copy)]
pub(super) struct Eval<'e, 'a> {
    pub(super) judge: &'e Judge<'e, 'a>,
    pub(super) scope: &'e Scope<'e, 'a>,
    /// The relation whose rows are asked about.
    pub(super) focus: Focus<'e>,
    /// Whether a literal can be the tenant of a row.
    pub(super) literals: bool,
    /// How much may still be looked at.
    pub(super) fuel: &'e Cell<usize>,
}

/// The relation whose rows are asked about, and the columns that say whose they are, each with what it holds in an own row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Focus<'e> {
    pub(super) spot: Spot,
    pub(super) columns: &'e [(&'e str, u8)],
}

impl Eval<'_, '_> {
    /// Whether to go on: expressions come from anywhere, and one within the other costs more than the tree is large.
    pub(super) fn goes_on(&self) -> bool {
        let left = self.fuel.get();
        self.fuel.set(left.saturating_sub(1));
        left > 0
    }

    pub(super) fn value(&self, expr: &Expr) -> Values {
        if !self.goes_on() {
            return Values::UNKNOWN;
        }
        match expr {
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => self.value(inner),
            Expr::Value(literal) => Values::all(match &literal.value {
                Value::Null => value::NULL,
                Value::SingleQuotedString(text) if text.is_empty() => value::BLANK,
                Value::Placeholder(_) => value::UNKNOWN,
                _ => value::LITERAL,
            }),
            Expr::Identifier(column) => self.column(std::slice::from_ref(column)),
            Expr::CompoundIdentifier(parts) => self.column(parts),
            Expr::Cast { expr: inner, data_type, .. } => cast(self.value(inner), data_type),
            Expr::Function(call) => self.call(call),
            Expr::Subquery(query) => self.scalar(query),
            Expr::Case { .. } => self.case_value(expr),
            // What a document holds is as good as the document.
            Expr::BinaryOp {
                left,
                op:
                    BinaryOperator::Arrow
                    | BinaryOperator::LongArrow
                    | BinaryOperator::HashArrow
                    | BinaryOperator::HashLongArrow,
                ..
            } => self.value(left).map(|bits| {
                match bits & !(value::TENANT | value::SESSION | value::NULL | value::RAISE) {
                    0 if bits & (value::TENANT | value::SESSION) != 0 => bits | value::NULL,
                    0 => bits,
                    _ => value::UNKNOWN,
                }
            }),
            Expr::Trim { expr: inner, .. } if !self.judge.is_text() => self.value(inner),
            _ => Values::UNKNOWN,
        }
    }

    fn column(&self, parts: &[ast::Ident]) -> Values {
        let Some(found) = self.scope.find(parts) else { return Values::UNKNOWN };
        let own = self.focus.columns.iter().find(|(name, _)| *name == found.column);
        if let Some((_, own)) = own.filter(|_| found.spot == self.focus.spot) {
            use World::{
                BoundFree, BoundOther, BoundOwn, EmptyBlank, EmptyFree, EmptySome, UnsetFree, UnsetSome,
            };
            return Values::NONE
                .set(&[BoundOwn], *own)
                .set(&[BoundOther, UnsetSome, EmptySome], value::OTHER)
                .set(&[BoundFree, UnsetFree, EmptyFree], value::NULL)
                .set(&[EmptyBlank], value::BLANK);
        }
        let column =
            found.of.relation.and_then(|of| of.columns.iter().find(|of| of.name.as_str() == found.column));
        Values::all(if column.is_some_and(|column| column.not_null) { value::ANY } else { value::UNKNOWN })
    }

    fn call(&self, call: &Function) -> Values {
        let arguments = arguments(call);
        let name = call.name.to_string();
        match (name.as_str(), &arguments[..]) {
            ("current_setting", [name, ..]) => self.setting(name, arguments.len() > 1),
            ("nullif", [of, other]) => {
                let other = self.value(other);
                self.value(of).zip(other, |of, other| match other {
                    value::BLANK if of & value::BLANK != 0 => of & !value::BLANK | value::NULL,
                    value::BLANK => of,
                    _ => of | value::NULL,
                })
            }
            ("coalesce", [_, ..]) => self.coalesce(&arguments),
            ("current_user" | "session_user" | "current_role" | "user" | "system_user", []) => {
                Values::all(value::SESSION)
            }
            ("lower" | "upper" | "btrim", [of]) if !self.judge.is_text() => self.value(of),
            ("ARRAY" | "array" | "unnest", _) => self.elements(&Expr::Function(call.clone())),
            _ => self.value_within(call, &arguments).unwrap_or_else(|| self.judge.call(call, &arguments)),
        }
    }

    fn setting(&self, name: &Expr, missing_ok: bool) -> Values {
        let Some(name) = literal(name) else { return Values::UNKNOWN };
        let bound = if self.judge.is_tenant_setting(name) { value::TENANT } else { value::SESSION };
        Values::setting(bound, if missing_ok { value::NULL } else { value::RAISE })
    }

    fn coalesce(&self, arguments: &[&Expr]) -> Values {
        let mut whole = Values::NONE;
        let mut left = Values::all(value::NULL);
        for argument in arguments {
            let next = self.value(argument);
            let next = next.zip(left, |next, left| if left & value::NULL == 0 { 0 } else { next });
            whole = whole.or(next.map(|bits| bits & !value::NULL));
            left = next;
        }
        whole.or(left.map(|bits| bits & value::NULL))
    }

    fn case_value(&self, case: &Expr) -> Values {
        let mut whole = Values::NONE;
        let rest = self.branches(case, |holds, result| {
            let of = result.map_or(Values::all(value::NULL), |result| self.value(result));
            whole = whole.or(Values(std::array::from_fn(|at| {
                if holds.0[at] & (truth::TRUE | truth::MAYBE) == 0 { 0 } else { of.0[at] }
            })));
        });
        if rest { whole } else { Values::UNKNOWN }
    }

    /// The value of a subselect that stands for one.
    fn scalar(&self, query: &Query) -> Values {
        match only(query) {
            Some((item, None)) => self.value(item),
            Some((item, Some(condition))) => {
                let holds = self.condition(condition);
                let of = self.value(item);
                Values(std::array::from_fn(|at| {
                    let may = holds.0[at] & (truth::TRUE | truth::MAYBE) != 0;
                    let must = holds.0[at] == truth::TRUE;
                    (if may { of.0[at] } else { 0 }) | if must { 0 } else { value::NULL }
                }))
            }
            None => self.rows(query).map(|bits| bits | value::NULL),
        }
    }

    /// What the elements of an array can be.
    pub(super) fn elements(&self, expr: &Expr) -> Values {
        if !self.goes_on() {
            return Values::UNKNOWN;
        }
        match expr {
            Expr::Nested(inner) => self.elements(inner),
            Expr::Cast { expr: inner, data_type, .. } => cast(self.elements(inner), data_type),
            Expr::Array(array) => array.elem.iter().fold(Values::NONE, |whole, of| whole.or(self.value(of))),
            Expr::Subquery(query) => match only(query) {
                Some((item, None)) => self.elements(item),
                _ => self.rows(query),
            },
            Expr::Function(call) => {
                if let FunctionArguments::Subquery(query) = &call.args {
                    return self.rows(query);
                }
                let arguments = arguments(call);
                match (call.name.to_string().as_str(), &arguments[..]) {
                    ("unnest", [of]) => self.elements(of),
                    // Nothing is in an empty text.
                    (
                        "string_to_array"
                        | "regexp_split_to_array"
                        | "string_to_table"
                        | "regexp_split_to_table",
                        [of, ..],
                    ) => self.value(of).map(|bits| bits & !value::BLANK),
                    _ => self.call(call),
                }
            }
            _ => self.value(expr),
        }
    }

    /// What the rows of a query of one column can be.
    pub(super) fn rows(&self, query: &Query) -> Values {
        if !self.goes_on() || query.with.is_some() {
            return Values::UNKNOWN;
        }
        self.rows_of(&query.body)
    }

    fn rows_of(&self, body: &SetExpr) -> Values {
        match body {
            SetExpr::Query(query) => self.rows(query),
            SetExpr::SetOperation { left, op: ast::SetOperator::Union, right, .. } => {
                self.rows_of(left).or(self.rows_of(right))
            }
            SetExpr::SetOperation { left, .. } => self.rows_of(left),
            SetExpr::Select(select) if select.from.is_empty() => match &select.projection[..] {
                [SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. }] => {
                    self.elements(item)
                }
                _ => Values::UNKNOWN,
            },
            SetExpr::Select(select) if self.yields_tenants(select) => {
                Values::NONE.set(&BOUND, value::TENANT).set(&UNSET, 0).set(&EMPTY, 0)
            }
            _ => Values::UNKNOWN,
        }
    }
}

/// A cast that keeps different values different keeps what is known of them.
fn cast(of: Values, data_type: &DataType) -> Values {
    let name = canonical_type(&data_type.to_string());
    let is_text = matches!(name.as_str(), "text" | "character varying");
    // With a length, or of a number of digits, values are cut, those in an array too.
    let element = name.trim_end_matches("[]");
    let keeps = matches!(
        element,
        "text"
            | "character varying"
            | "uuid"
            | "bigint"
            | "integer"
            | "smallint"
            | "numeric"
            | "json"
            | "jsonb"
    );
    of.map(|bits| {
        let bits =
            if bits & value::BLANK != 0 && !is_text { bits & !value::BLANK | value::RAISE } else { bits };
        let lost = bits & (value::OTHER | value::TENANT | value::SESSION);
        if keeps || lost == 0 { bits } else { bits & !lost | value::UNKNOWN }
    })
}

/// The value and the condition of a query that reads no relation.
pub(super) fn only(query: &Query) -> Option<(&Expr, Option<&Expr>)> {
    let SetExpr::Select(select) = &*query.body else { return None };
    let has_fewer = select.having.is_some() || query.limit_clause.is_some() || query.fetch.is_some();
    let plain = query.with.is_none() && select.from.is_empty() && !has_fewer;
    match &select.projection[..] {
        [SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. }] if plain => {
            Some((item, select.selection.as_ref()))
        }
        _ => None,
    }
}

/// The arguments of a call that are expressions.
pub(in crate::rule) fn arguments(call: &Function) -> Vec<&Expr> {
    let FunctionArguments::List(list) = &call.args else { return Vec::new() };
    let of = |argument| match argument {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expr))
        | &FunctionArg::Named { arg: FunctionArgExpr::Expr(ref expr), .. }
        | &FunctionArg::ExprNamed { arg: FunctionArgExpr::Expr(ref expr), .. } => Some(expr),
        _ => None,
    };
    list.args.iter().filter_map(of).collect()
}

/// The text of a literal.
pub(in crate::rule) fn literal(expr: &Expr) -> Option<&str> {
    match strip(expr) {
        Expr::Cast { expr: inner, .. } => literal(inner),
        Expr::Value(of) => match &of.value {
            Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}
