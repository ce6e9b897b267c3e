//! The ways through a tree.
//!
//! The parser's own functions make code for every kind of node once more for each visitor that they are given. All of this crate
//! go through one, which hands each node on.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, GroupByExpr, Ident, ObjectName, OrderBy, OrderByExpr, Query, Select, Statement, TableFactor,
    ValueWithSpan, Visit, VisitMut, Visitor, VisitorMut,
};

/// Goes through a tree.
pub(crate) fn visit(tree: &impl Visit, visitor: &mut dyn Visitor<Break = ()>) -> ControlFlow<()> {
    tree.visit(&mut Through(visitor))
}

/// Goes through a tree and changes it.
pub(crate) fn visit_mut(
    tree: &mut impl VisitMut,
    visitor: &mut dyn VisitorMut<Break = ()>,
) -> ControlFlow<()> {
    tree.visit(&mut ThroughMut(visitor))
}

/// Whether a part of a tree is such an expression.
pub(crate) fn has_expr(tree: &impl Visit, is_it: &mut dyn FnMut(&Expr) -> bool) -> bool {
    struct Find<'f>(&'f mut dyn FnMut(&Expr) -> bool);

    impl Visitor for Find<'_> {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if (self.0)(expr) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }

    visit(tree, &mut Find(is_it)).is_break()
}

/// Whether a part of a tree names a relation.
pub(crate) fn has_relation(tree: &impl Visit) -> bool {
    struct Find;

    impl Visitor for Find {
        type Break = ();

        fn pre_visit_relation(&mut self, _: &ObjectName) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }

    visit(tree, &mut Find).is_break()
}

/// Changes the expressions of a tree, the inner ones first.
pub(crate) fn change_exprs(tree: &mut impl VisitMut, change: &mut dyn FnMut(&mut Expr)) {
    struct Change<'c>(&'c mut dyn FnMut(&mut Expr));

    impl VisitorMut for Change<'_> {
        type Break = ();

        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            (self.0)(expr);
            ControlFlow::Continue(())
        }
    }

    // It never stops.
    let _ = visit_mut(tree, &mut Change(change));
}

struct Through<'v>(&'v mut dyn Visitor<Break = ()>);

struct ThroughMut<'v>(&'v mut dyn VisitorMut<Break = ()>);

/// Hands on every kind of node, before and after what is in it.
macro_rules! hand_on {
    ($($before:ident $after:ident $node:ty),*) => {
        impl Visitor for Through<'_> {
            type Break = ();

            $(
                fn $before(&mut self, node: &$node) -> ControlFlow<()> {
                    self.0.$before(node)
                }

                fn $after(&mut self, node: &$node) -> ControlFlow<()> {
                    self.0.$after(node)
                }
            )*
        }

        impl VisitorMut for ThroughMut<'_> {
            type Break = ();

            $(
                fn $before(&mut self, node: &mut $node) -> ControlFlow<()> {
                    self.0.$before(node)
                }

                fn $after(&mut self, node: &mut $node) -> ControlFlow<()> {
                    self.0.$after(node)
                }
            )*
        }
    };
}

hand_on! {
    pre_visit_query post_visit_query Query,
    pre_visit_select post_visit_select Select,
    pre_visit_relation post_visit_relation ObjectName,
    pre_visit_table_factor post_visit_table_factor TableFactor,
    pre_visit_expr post_visit_expr Expr,
    pre_visit_statement post_visit_statement Statement,
    pre_visit_value post_visit_value ValueWithSpan,
    pre_visit_ident post_visit_ident Ident,
    pre_visit_order_by post_visit_order_by OrderBy,
    pre_visit_order_by_expr post_visit_order_by_expr OrderByExpr,
    pre_visit_group_by post_visit_group_by GroupByExpr
}
