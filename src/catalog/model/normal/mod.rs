//! One spelling for expressions that say the same.
//!
//! What `pg_get_expr` writes is not what its author wrote: `'x'` becomes `'x'::text`, `a IN (1, 2)` becomes
//! `a = ANY (ARRAY[1, 2])`, a subselect's column gets a name. Here both become one. Nothing that changes a meaning is
//! touched, the cast of a column above all: a policy that compares `tenant_id::text` is another policy.
//!
//! The spelling can be parsed again and means the same then.

mod operator;

use std::ops::ControlFlow;

use sqlparser::ast::{
    self, CastKind, DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
    Ident, InTarget, ObjectName, ObjectNamePart, Query, Select, SelectItem, SetExpr, TableFactor,
    TrimWhereField, UnaryOperator, Value, VisitorMut,
};

pub(crate) use operator::names_columns;

use super::visit::visit_mut;

/// The tree in the one spelling.
pub(super) fn form(mut tree: Expr) -> Expr {
    let _ = visit_mut(&mut tree, &mut Normalize);
    tree
}

struct Normalize;

impl VisitorMut for Normalize {
    type Break = ();

    // What a subselect calls its columns is of no account, and the server calls them something.
    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        // `ARRAY(SELECT …)` reads as a call.
        if let Expr::Subquery(query)
        | Expr::Exists { subquery: query, .. }
        | Expr::In { target: InTarget::Subquery(query), .. }
        | Expr::Function(ast::Function { args: FunctionArguments::Subquery(query), .. }) = expr
        {
            without_aliases(&mut query.body, |_, _| true);
        }
        ControlFlow::Continue(())
    }

    // What a query in FROM or WITH calls them is, unless they are called so anyway.
    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        without_aliases(&mut query.body, |expr, alias| called(expr).is_some_and(|name| name == *alias));
        ControlFlow::Continue(())
    }

    // What joins is written with parentheses by the server, and mostly without by others.
    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for from in &mut select.from {
            while let TableFactor::NestedJoin { table_with_joins, alias: None } = &mut from.relation {
                let mut inner = std::mem::take(&mut table_with_joins.joins);
                let relation = table_with_joins.relation.clone();
                inner.append(&mut from.joins);
                from.joins = inner;
                from.relation = relation;
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        name(relation);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<()> {
        let (name, alias, is_function) = match table {
            TableFactor::Table { name, alias, args, .. } => (Some(name), alias, args.is_some()),
            TableFactor::Function { name, alias, .. } => (Some(name), alias, true),
            TableFactor::UNNEST { alias, .. } => (None, alias, true),
            TableFactor::Derived { alias, .. } | TableFactor::NestedJoin { alias, .. } => {
                (None, alias, false)
            }
            _ => return ControlFlow::Continue(()),
        };
        let Some(named) = alias else { return ControlFlow::Continue(()) };
        named.explicit = false;
        plain(&mut named.name);
        for column in &mut named.columns {
            plain(&mut column.name);
        }
        // The one column of a function that returns no rows is called as the function is.
        if is_function && matches!(&named.columns[..], [only] if only.name == named.name) {
            named.columns.clear();
        }
        let own = name.and_then(|name| name.0.last()).and_then(ObjectNamePart::as_ident).cloned();
        let own = own.map(|mut own| {
            plain(&mut own);
            own.value
        });
        if !is_function && own.as_ref() == Some(&named.name.value) && named.columns.is_empty() {
            *alias = None;
        }
        ControlFlow::Continue(())
    }

    // After the children, so that what is inside is in the one spelling already.
    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        while let Expr::Nested(inner) = expr {
            *expr = take(inner);
        }
        leaf(expr);
        operator::operator(expr);
        // The parentheses that were there are gone. New ones stand around all that has parts, so that what is written
        // reads as the tree is, and `a AND (b OR c)` is not `(a AND b) OR c`.
        if !is_whole(expr) {
            *expr = nested(take(expr));
        }
        ControlFlow::Continue(())
    }
}

/// Takes away what the columns of a query are called, where it may go.
fn without_aliases(body: &mut SetExpr, may_go: fn(&Expr, &Ident) -> bool) {
    match body {
        SetExpr::Select(select) => {
            for item in &mut select.projection {
                if let SelectItem::ExprWithAlias { expr, alias } = item
                    && {
                        plain(alias);
                        may_go(expr, alias)
                    }
                {
                    *item = SelectItem::UnnamedExpr(take(expr));
                }
            }
        }
        SetExpr::SetOperation { left, right, .. } => {
            without_aliases(left, may_go);
            without_aliases(right, may_go);
        }
        SetExpr::Query(query) => without_aliases(&mut query.body, may_go),
        _ => {}
    }
}

/// What a column is called that is a column or a call.
fn called(expr: &Expr) -> Option<Ident> {
    let mut own = match expr {
        Expr::Nested(inner) => return called(inner),
        Expr::Identifier(name) => name.clone(),
        Expr::CompoundIdentifier(parts) => parts.last()?.clone(),
        Expr::Function(function) => function.name.0.last()?.as_ident()?.clone(),
        _ => return None,
    };
    plain(&mut own);
    Some(own)
}

/// Names, literals, casts and calls.
fn leaf(expr: &mut Expr) {
    match expr {
        Expr::Identifier(ident) => plain(ident),
        Expr::CompoundIdentifier(parts) => parts.iter_mut().for_each(plain),
        Expr::Value(value) => {
            // However it is quoted or escaped, it is the same text.
            let text = match &value.value {
                Value::DollarQuotedString(text) => Some(text.value.clone()),
                Value::EscapedStringLiteral(text)
                | Value::UnicodeStringLiteral(text)
                | Value::NationalStringLiteral(text) => Some(text.clone()),
                _ => None,
            };
            if let Some(text) = text {
                value.value = Value::SingleQuotedString(text);
            }
        }
        Expr::Function(function) => {
            // `ARRAY(SELECT …)` is a keyword too.
            let keyword = matches!(function.args, FunctionArguments::None | FunctionArguments::Subquery(_));
            function_name(&mut function.name, keyword);
        }
        Expr::TypedString(typed) => {
            let value = Expr::Value(typed.value.clone());
            let mut data_type = typed.data_type.clone();
            typed_as(&mut data_type);
            *expr = literal(&value, &data_type).unwrap_or_else(|| cast(value, data_type));
        }
        Expr::Interval(interval) if interval.leading_field.is_none() && interval.last_field.is_none() => {
            let value = (*interval.value).clone();
            *expr = literal(&value, &named("interval")).unwrap_or_else(|| cast(value, named("interval")));
        }
        Expr::Cast { kind, expr: inner, data_type, .. } => {
            *kind = CastKind::DoubleColon;
            typed_as(data_type);
            if let Some(literal) = literal(inner, data_type) {
                *expr = literal;
            }
        }
        Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } => {
            if let Expr::Value(value) = &**inner
                && let Value::Number(digits, long) = &value.value
            {
                *expr = Expr::value(Value::Number(format!("-{digits}"), *long));
            }
        }
        // Of an array of arrays only the outermost has to say so.
        Expr::Array(array) => array.named = true,
        Expr::Collate { collation, .. } => name(collation),
        // The server writes what holds without it.
        Expr::Case { else_result, .. } if else_result.as_deref().is_some_and(is_null) => *else_result = None,
        Expr::Trim { trim_where, .. } if trim_where.is_none() => *trim_where = Some(TrimWhereField::Both),
        // With commas it is an ordinary function.
        Expr::Substring { expr: of, substring_from, substring_for, special: true, .. } => {
            let arguments = [Some(of), substring_from.as_mut(), substring_for.as_mut()];
            let argument = |of: &mut Box<Expr>| FunctionArg::Unnamed(FunctionArgExpr::Expr((**of).clone()));
            let args = arguments.into_iter().flatten().map(argument).collect();
            let mut function = ObjectName::from(vec![Ident::new("substring")]);
            name(&mut function);
            *expr = call(function, args);
        }
        _ => {}
    }
}

/// What stands in a place that is about to get something else.
fn take(place: &mut Expr) -> Expr {
    std::mem::replace(place, Expr::value(Value::Null))
}

fn nested(expr: Expr) -> Expr {
    Expr::Nested(Box::new(expr))
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::DoubleColon, expr: Box::new(expr), data_type, format: None }
}

/// A call of a function.
pub(crate) fn call(name: ObjectName, args: Vec<FunctionArg>) -> Expr {
    Expr::Function(ast::Function {
        name,
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args,
            clauses: Vec::new(),
        }),
        within_group: Vec::new(),
        filter: None,
        null_treatment: None,
        over: None,
    })
}

fn is_null(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => is_null(inner),
        Expr::Value(value) => value.value == Value::Null,
        _ => false,
    }
}

/// Whether an expression reads the same wherever it stands.
fn is_whole(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Value(_)
            | Expr::Function(_)
            | Expr::Subquery(_)
            | Expr::Exists { negated: false, .. }
            | Expr::Array(_)
            | Expr::Case { .. }
            | Expr::Nested(_)
    )
}

/// A name without quotes that is not in lower case means the one that is; quotes stand where they have to.
fn plain(ident: &mut Ident) {
    if ident.quote_style.take().is_none() {
        ident.value.make_ascii_lowercase();
    }
    let bare = crate::ident::Ident::new(ident.value.as_str()).is_ok_and(|name| name.bare() == ident.value);
    if !bare {
        ident.quote_style = Some('"');
    }
}

fn name(name: &mut ObjectName) {
    for part in &mut name.0 {
        if let ObjectNamePart::Identifier(ident) = part {
            plain(ident);
        }
    }
    without_server(name);
}

/// The server's own functions are found without their schema, and the server leaves it out.
fn without_server(name: &mut ObjectName) {
    let of_server =
        |part: &ObjectNamePart| part.as_ident().is_some_and(|schema| schema.value == "pg_catalog");
    if name.0.len() == 2 && name.0.first().is_some_and(of_server) {
        name.0.remove(0);
    }
}

/// Keywords that name functions of their own where they are not quoted, unlike others, which the server quotes.
const SYNTAX: [&str; 4] = ["coalesce", "greatest", "least", "nullif"];

/// The name of a function. One that is a keyword alone, such as `CURRENT_USER`, is none that could be quoted.
fn function_name(called: &mut ObjectName, keyword: bool) {
    let syntax = match &called.0[..] {
        [ObjectNamePart::Identifier(own)] if own.quote_style.is_none() => {
            let lower = own.value.to_ascii_lowercase();
            (keyword || SYNTAX.contains(&lower.as_str())).then_some(lower)
        }
        _ => None,
    };
    match syntax {
        Some(lower) => *called = ObjectName::from(vec![Ident::new(lower)]),
        None => name(called),
    }
}

/// The type as `format_type` writes it, as far as the two differ.
fn typed_as(data_type: &mut DataType) {
    let written = super::data_type::canonical(&data_type.to_string());
    if written != data_type.to_string() {
        *data_type = named(&written);
    }
}

fn named(data_type: &str) -> DataType {
    DataType::Custom(ObjectName::from(vec![Ident::new(data_type)]), Vec::new())
}

/// A cast of a literal that the server writes and people leave out: the type that the literal has anyway.
fn literal(inner: &Expr, data_type: &DataType) -> Option<Expr> {
    let Expr::Value(value) = inner else { return None };
    let data_type = data_type.to_string();
    let text = match &value.value {
        Value::SingleQuotedString(text) => text,
        Value::Number(digits, _) if data_type == "integer" && digits.parse::<i32>().is_ok() => {
            return Some(inner.clone());
        }
        _ => return None,
    };
    // A number without quotes has a type by itself, and only a text of that type is the same number.
    let is_number = match data_type.as_str() {
        "integer" => text.parse::<i32>().is_ok(),
        "bigint" => text.parse::<i64>().is_ok() && text.parse::<i32>().is_err(),
        "numeric" => text.contains('.') && text.parse::<f64>().is_ok_and(f64::is_finite),
        _ => false,
    };
    if is_number {
        return Some(Expr::value(Value::Number(text.clone(), false)));
    }
    match data_type.as_str() {
        "text" => Some(inner.clone()),
        "interval" => super::interval::output(text)
            .map(|text| cast(Expr::value(Value::SingleQuotedString(text)), named("interval"))),
        // A day by itself is its midnight.
        "timestamp without time zone" if text.len() == 10 && text.parse::<f64>().is_err() => {
            let midnight = Value::SingleQuotedString(format!("{text} 00:00:00"));
            Some(cast(Expr::value(midnight), named("timestamp without time zone")))
        }
        "boolean" => match text.as_str() {
            "t" | "true" | "on" | "yes" | "1" => Some(Expr::value(Value::Boolean(true))),
            "f" | "false" | "off" | "no" | "0" => Some(Expr::value(Value::Boolean(false))),
            _ => None,
        },
        _ => None,
    }
}
