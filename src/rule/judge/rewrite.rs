//! Expressions rewritten so that they say the same without what is wrong with them.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr as Tree, FunctionArg, FunctionArgExpr, Ident, InTarget, ObjectName, Query,
    SelectItem, SetExpr, Value, VisitorMut,
};

use crate::catalog::{Expr, Policy, call, canonical_type, visit_mut};
use crate::error::Result;
use crate::policy::ddl;
use crate::rule::judge::{Condition, Judged, JudgedPolicy, arguments, names_columns, strip, walk};

/// Changes a part of an expression; says whether it did. It is told how many queries stand around the part.
pub(in crate::rule) type Change<'c> = &'c mut dyn FnMut(&mut Tree, usize) -> bool;

struct Rewrite<'c> {
    change: Change<'c>,
    depth: usize,
    changed: bool,
}

impl VisitorMut for Rewrite<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Tree) -> ControlFlow<()> {
        self.changed |= (self.change)(expr, self.depth);
        ControlFlow::Continue(())
    }
}

/// An expression with parts changed; `None` if none was.
pub(in crate::rule) fn rewritten(tree: &Tree, change: Change<'_>) -> Option<Expr> {
    let mut tree = tree.clone();
    let mut rewrite = Rewrite { change, depth: 0, changed: false };
    let _ = visit_mut(&mut tree, &mut rewrite);
    rewrite.changed.then(|| Expr::of_tree(tree))
}

/// The statement that gives a policy conditions with parts changed.
pub(in crate::rule) fn alter(
    table: &Judged<'_>,
    policy: &JudgedPolicy<'_>,
    change: Change<'_>,
) -> Option<Result<String>> {
    let mut of = |condition: &Option<Condition<'_>>| {
        let tree = condition.as_ref()?.tree.as_deref()?;
        rewritten(tree, change)
    };
    let (using, with_check) = (of(&policy.using), of(&policy.check));
    if using.is_none() && with_check.is_none() {
        return None;
    }
    let changed = Policy { using, with_check, ..policy.policy.clone() };
    Some(ddl::alter_policy(table.table, policy.name, &changed))
}

/// Makes NULL of an empty setting before it is cast.
pub(in crate::rule) fn cast_of_null(expr: &mut Tree, _: usize) -> bool {
    let Tree::Cast { expr: inner, data_type, .. } = expr else { return false };
    if is_text(&canonical_type(&data_type.to_string())) || !is_raw(inner) {
        return false;
    }
    let of = std::mem::replace(&mut **inner, Tree::value(Value::Null));
    **inner = nullif(of);
    true
}

/// Makes NULL of an empty setting wherever it is compared.
pub(in crate::rule) fn compared_null(expr: &mut Tree, _: usize) -> bool {
    let Tree::BinaryOp { left, right, .. } = expr else { return false };
    let mut changed = false;
    for side in [left, right] {
        if is_raw(side) {
            let of = std::mem::replace(&mut **side, Tree::value(Value::Null));
            **side = nullif(of);
            changed = true;
        }
    }
    changed
}

fn is_text(data_type: &str) -> bool {
    data_type == "text" || data_type.starts_with("character varying")
}

/// Whether an expression is the text of a setting, an empty one included.
pub(in crate::rule) fn is_raw(expr: &Tree) -> bool {
    match strip(expr) {
        Tree::Cast { expr: inner, data_type, .. } => {
            is_text(&canonical_type(&data_type.to_string())) && is_raw(inner)
        }
        Tree::Collate { expr: inner, .. } | Tree::Trim { expr: inner, .. } => is_raw(inner),
        Tree::Function(call) => match call.name.to_string().as_str() {
            "current_setting" => true,
            "coalesce" | "lower" | "upper" | "btrim" => arguments(call).into_iter().any(is_raw),
            _ => false,
        },
        Tree::Subquery(query) => item(query).is_some_and(is_raw),
        _ => false,
    }
}

/// What a query yields that reads no relation.
pub(in crate::rule) fn item(query: &Query) -> Option<&Tree> {
    let SetExpr::Select(select) = &*query.body else { return None };
    match &select.projection[..] {
        [SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. }]
            if select.from.is_empty() && select.selection.is_none() =>
        {
            Some(item)
        }
        _ => None,
    }
}

/// NULL where an expression is an empty text.
pub(in crate::rule) fn null_if_empty(of: &Tree) -> Expr {
    Expr::of_tree(nullif(of.clone()))
}

fn nullif(of: Tree) -> Tree {
    let argument = |of| FunctionArg::Unnamed(FunctionArgExpr::Expr(of));
    let args = vec![argument(of), argument(Tree::value(Value::SingleQuotedString(String::new())))];
    call(ObjectName::from(vec![Ident::new("nullif")]), args)
}

/// Whether an expression is computed from the session alone, though for each row.
pub(in crate::rule) fn is_of_session(expr: &Tree) -> bool {
    matches!(strip(expr), Tree::Function(_) | Tree::Cast { .. }) && !names_columns(expr)
}

/// Puts an expression into a subselect, which is computed once.
pub(in crate::rule) fn once(expr: &mut Tree) {
    let text = format!("(SELECT {expr})");
    if let Some(tree) = Expr::new(text).normal_tree() {
        *expr = tree;
    }
}

/// Whether an expression is one value and no set. Functions of the catalog are looked at elsewhere.
fn is_one_value(expr: &Tree) -> bool {
    let mut one = true;
    walk(expr, &mut |part, _| {
        if let Tree::Function(call) = part {
            let name = call.name.to_string();
            let known = ["current_setting", "nullif", "coalesce", "lower", "upper", "btrim", "current_user"];
            one &= name.contains('.') || known.contains(&name.as_str());
        }
    });
    one
}

/// The value of a subselect in the place of a search in what it finds.
pub(in crate::rule) fn equals_value(expr: &mut Tree, _: usize) -> bool {
    let Tree::In { expr: left, target: InTarget::Subquery(subquery), negated: false, .. } = expr else {
        return false;
    };
    if !item(subquery).is_some_and(is_one_value) {
        return false;
    }
    let right = Tree::Subquery(subquery.clone());
    *expr = Tree::BinaryOp { left: left.clone(), op: BinaryOperator::Eq, right: Box::new(right) };
    true
}
