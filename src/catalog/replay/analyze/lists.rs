//! `IN`, `ANY` and `ALL`, as the server writes them back.

use sqlparser::ast::{self, BinaryOperator, Expr};

use super::coerce::{cast_in_place, is_bare_literal};
use super::kinds::{UNKNOWN, is_text, number};
use super::walk::Walk;
use crate::catalog::names_columns;

impl Walk<'_> {
    /// A comparison in parentheses, with what the server puts into it.
    pub(super) fn compared(&mut self, left: Expr, op: BinaryOperator, right: Expr) -> Expr {
        let (mut left, mut right) = (left, right);
        self.operands(&mut left, &op, &mut right);
        Expr::Nested(Box::new(Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }))
    }

    /// `left IN (list)`: the server compares with an array of the constants, and with whatever else by itself.
    pub(super) fn in_list(&mut self, left: Expr, list: Vec<Expr>, negated: bool) -> Expr {
        let (mut constants, mut others): (Vec<Expr>, Vec<Expr>) =
            list.into_iter().partition(|element| !names_columns(element));
        if constants.len() == 1 {
            others.insert(0, constants.remove(0));
        }
        let (one, all) = if negated {
            (BinaryOperator::NotEq, BinaryOperator::And)
        } else {
            (BinaryOperator::Eq, BinaryOperator::Or)
        };
        let array = (!constants.is_empty()).then(|| self.in_array(left.clone(), constants, negated));
        let rest = others.into_iter().map(|other| self.compared(left.clone(), one.clone(), other));
        let rest: Vec<Expr> = rest.collect();
        let join = |before: Expr, next: Expr| {
            let both = Expr::BinaryOp { left: Box::new(before), op: all.clone(), right: Box::new(next) };
            Expr::Nested(Box::new(both))
        };
        array.into_iter().chain(rest).reduce(join).unwrap_or(left)
    }

    fn in_array(&mut self, left: Expr, list: Vec<Expr>, negated: bool) -> Expr {
        let (mut left, mut list) = (left, list);
        let mut array_type = None;
        if let Some(own) = self.type_of(&left) {
            let own = self.plain(&mut left, &own);
            let common =
                self.common_type(std::iter::once(&left).chain(list.iter())).unwrap_or_else(|| own.clone());
            for element in &mut list {
                self.meet(element, &common);
            }
            if common == "character varying" || (common == "text" && own == "character varying") {
                cast_in_place(&mut left, "text");
                array_type = (common != "text").then_some("text[]");
            } else if number(&own) != number(&common) && number(&common) >= Some(3) {
                cast_in_place(&mut left, &common);
            }
        }
        let mut array = Expr::Array(ast::Array { elem: list, named: true });
        if let Some(array_type) = array_type {
            cast_in_place(&mut array, array_type);
        }
        let (left, right) = (Box::new(left), Box::new(array));
        if negated {
            Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right }
        } else {
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, is_some: false }
        }
    }

    pub(super) fn any_of(&mut self, left: &mut Expr, right: &mut Expr) {
        if let (Some(own), true) = (self.type_of(left), is_bare_literal(right)) {
            let own = self.plain(left, &own);
            cast_in_place(right, &format!("{own}[]"));
            return;
        }
        let array = self.type_of(right);
        let Some(element) = array.as_deref().and_then(|array| array.strip_suffix("[]")) else { return };
        match self.type_of(left).as_deref() {
            Some(UNKNOWN) => self.meet(left, element),
            Some("character varying") if is_text(element) => {
                cast_in_place(left, "text");
                if element == "character varying" {
                    cast_in_place(right, "text[]");
                }
            }
            Some("text") if element == "character varying" => cast_in_place(right, "text[]"),
            _ => {}
        }
    }
}
