//! Subselects: whether what they find is the tenant's, and leads to the row.

use std::collections::BTreeSet;

use sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, InTarget, JoinConstraint, JoinOperator, Query, Select, SelectItem,
    SetExpr, SetOperator,
};

use super::condition::operands;
use super::eval::{Eval, Focus};
use super::scope::{Found, Named, Scope, Spot};
use super::world::{EMPTY, Truth, UNSET, World, equal, truth, value};
use super::{is_key, strip};
use crate::catalog::{Relation, canonical_type};

/// The relations of a query and what has to hold of its rows.
struct Parts<'q> {
    /// Conditions that all rows fulfil.
    conditions: Vec<&'q Expr>,
    /// What another expression has to equal.
    item: Option<&'q Expr>,
    /// The relations that are joined by columns of one name, each with that name.
    using: Vec<(usize, &'q str)>,
}

/// A column of one relation that has to equal one of another.
type Tie<'t> = ((Spot, &'t str), (Spot, &'t str));

impl<'a> Eval<'_, 'a> {
    /// Whether a subselect finds something, or something that equals an expression.
    pub(super) fn exists(&self, query: &Query, equals: Option<&Expr>) -> Truth {
        if !self.goes_on() || query.with.is_some() {
            return Truth::UNKNOWN;
        }
        self.exists_in(&query.body, equals)
    }

    fn exists_in(&self, body: &SetExpr, equals: Option<&Expr>) -> Truth {
        match body {
            SetExpr::Query(query) => self.exists(query, equals),
            SetExpr::SetOperation { left, op: SetOperator::Union, right, .. } => {
                self.exists_in(left, equals).or(self.exists_in(right, equals))
            }
            SetExpr::SetOperation { left, .. } => {
                // Fewer rows than on the left.
                Truth(self.exists_in(left, equals).0.map(|bits| bits | truth::FALSE))
            }
            SetExpr::Select(select) if select.from.is_empty() => self.without_relation(select, equals),
            SetExpr::Select(select) => self.among(select, equals),
            _ => Truth::OPEN,
        }
    }

    fn without_relation(&self, select: &Select, equals: Option<&Expr>) -> Truth {
        let holds = select.selection.as_ref().map_or(Truth::TRUE, |condition| self.condition(condition));
        let holds = holds.map(|bit| if bit == truth::NULL { truth::FALSE } else { bit });
        match (equals, &select.projection[..]) {
            (None, _) => holds,
            (Some(left), [SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. }]) => {
                holds.and(equal(self.value(left), self.elements(item), self.literals))
            }
            _ => Truth::OPEN,
        }
    }

    fn among(&self, select: &Select, equals: Option<&Expr>) -> Truth {
        let open = if equals.is_some() { Truth::OPEN } else { Truth::OPEN.map(|bit| bit & !truth::NULL) };
        let Some((scope, parts)) = self.parts(select, equals.is_some()) else { return open };
        let confined: Vec<bool> =
            (0..scope.relations.len()).map(|at| self.is_confined(&scope, at, &parts, equals)).collect();
        if !confined.contains(&true) {
            let known =
                scope.relations.iter().all(|named| named.relation.is_some_and(|of| of.view.is_none()));
            return if known {
                open
            } else {
                open.map(|bit| if bit == truth::TRUE { truth::MAYBE } else { bit })
            };
        }
        // Without a tenant there is nothing.
        let nothing = truth::FALSE | if equals.is_some() { truth::NULL } else { 0 };
        let found = open.set(&UNSET, nothing).set(&EMPTY, nothing);
        let others = match self.leads(&scope, &parts, equals, &confined) {
            Leads::Surely => nothing,
            Leads::Back => nothing | truth::MAYBE,
            Leads::Nowhere => return found,
        };
        found.set(&[World::BoundOther, World::BoundFree], others)
    }

    /// Whether each row of a query holds a tenant that the session may see.
    pub(super) fn yields_tenants(&self, select: &Select) -> bool {
        let Some((scope, parts)) = self.parts(select, true) else { return false };
        let Some(Expr::Identifier(_) | Expr::CompoundIdentifier(_)) = parts.item else { return false };
        (0..scope.relations.len()).any(|at| self.is_confined(&scope, at, &parts, None))
    }

    /// Takes a query apart; `None` for one whose rows are not those of its relations.
    fn parts<'q>(&'q self, select: &'q Select, wants_item: bool) -> Option<(Scope<'q, 'a>, Parts<'q>)> {
        let mut relations = Vec::new();
        let mut conditions: Vec<&Expr> = Vec::new();
        let mut using = Vec::new();
        let catalog = self.judge.catalog();
        for from in &select.from {
            relations.push(Named::of(&from.relation, catalog, true));
            for join in &from.joins {
                let (constraint, filters) = match &join.join_operator {
                    JoinOperator::Join(on) | JoinOperator::Inner(on) | JoinOperator::CrossJoin(on) => {
                        (on, true)
                    }
                    JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (on, false),
                    _ => return None,
                };
                relations.push(Named::of(&join.relation, catalog, filters));
                match constraint {
                    JoinConstraint::On(on) if filters => {
                        conditions.extend(operands(on, &BinaryOperator::And));
                    }
                    JoinConstraint::Using(columns) if filters => {
                        let names = columns.iter().filter_map(|column| column.0.last()?.as_ident());
                        using.extend(names.map(|name| (relations.len() - 1, name.value.as_str())));
                    }
                    _ => {}
                }
            }
        }
        let selection = select.selection.iter().flat_map(|of| operands(of, &BinaryOperator::And));
        conditions.extend(selection);
        let item = match &select.projection[..] {
            [SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. }] => {
                Some(strip(item))
            }
            _ => None,
        };
        let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, with) if by.is_empty() && with.is_empty());
        // An aggregate of no rows is a row.
        let may_aggregate = !is_grouped
            && matches!(item, Some(Expr::Function(_) | Expr::Case { .. } | Expr::BinaryOp { .. }));
        if may_aggregate || (wants_item && item.is_none()) {
            return None;
        }
        Some((Scope::within(self.scope, relations), Parts { conditions, item, using }))
    }

    /// Whether the rows of a relation of the query are the tenant's alone.
    fn is_confined(
        &self,
        scope: &Scope<'_, 'a>,
        at: usize,
        parts: &Parts<'_>,
        equals: Option<&Expr>,
    ) -> bool {
        let named = &scope.relations[at];
        if !named.filters {
            return false;
        }
        if named.name.as_ref().is_some_and(|name| self.judge.keeps_apart(name)) {
            return true;
        }
        let columns = named.name.as_ref().map_or_else(Vec::new, |name| self.judge.columns(name));
        let focus = Focus { spot: scope.spot(at), columns: &columns };
        let inner = Eval { scope, focus, ..*self };
        if !columns.is_empty() {
            let whole = parts.conditions.iter().fold(Truth::TRUE, |whole, of| whole.and(inner.condition(of)));
            let may = |world: &World| whole.at(*world) & (truth::TRUE | truth::MAYBE) != 0;
            let others = [World::BoundOther, World::UnsetSome, World::EmptySome, World::BoundFree];
            if !others.iter().any(may) {
                return true;
            }
        }
        let own = |of: &Expr| column_of(scope, of).is_some_and(|found| found.spot == focus.spot);
        let says = |one: &Expr, other: &Expr| own(one) && inner.value(other).is_of_session();
        let said = |condition: &&Expr| match strip(condition) {
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => says(left, right) || says(right, left),
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => {
                own(left) && inner.elements(right).is_of_session()
            }
            Expr::In { expr: left, target: InTarget::Subquery(subquery), negated: false, .. } => {
                own(left) && inner.rows(subquery).is_of_session()
            }
            _ => false,
        };
        // What the rows have to equal is asked from outside.
        let from_outside = Eval { focus, ..*self };
        let equals = || {
            let (item, outside) = (parts.item?, equals?);
            Some(own(item) && from_outside.value(outside).is_of_session())
        };
        parts.conditions.iter().any(said) || equals().unwrap_or(false)
    }

    /// Whether a row that is the tenant's leads to the row that is asked about.
    fn leads(
        &self,
        scope: &Scope<'_, 'a>,
        parts: &Parts<'_>,
        equals: Option<&Expr>,
        confined: &[bool],
    ) -> Leads {
        let column = |of: &Expr| {
            let found = column_of(scope, of)?;
            Some((found.spot, found.column.to_owned()))
        };
        let mut ties = Vec::new();
        for condition in &parts.conditions {
            if let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = strip(condition)
                && let (Some(left), Some(right)) = (column(left), column(right))
            {
                ties.push((left, right));
            }
        }
        for (at, column) in &parts.using {
            let before = (0..*at).filter(|before| {
                let has = |of: &Relation| of.columns.iter().any(|of| of.name.as_str() == *column);
                scope.relations[*before].relation.is_some_and(has)
            });
            for before in before {
                ties.push((
                    (scope.spot(*at), (*column).to_owned()),
                    (scope.spot(before), (*column).to_owned()),
                ));
            }
        }
        let outside = |of: &Expr| {
            let found = column_of(self.scope, of)?;
            Some((found.spot, found.column.to_owned()))
        };
        if let (Some(item), Some(equals)) = (parts.item, equals)
            && let (Some(item), Some(equals)) = (column(item), outside(equals))
        {
            ties.push((item, equals));
        }
        let ties: Vec<Tie<'_>> =
            ties.iter().map(|((one, a), (other, b))| ((*one, a.as_str()), (*other, b.as_str()))).collect();
        let mut reached = vec![self.focus.spot];
        let mut back = false;
        loop {
            let next = (0..scope.relations.len())
                .filter(|at| scope.relations[*at].filters && !reached.contains(&scope.spot(*at)))
                .find_map(|at| Some((at, self.step(scope, at, &reached, &ties, confined[at])?)));
            match next {
                Some((at, to)) => {
                    back |= to == Leads::Back;
                    if confined[at] {
                        return if back { Leads::Back } else { Leads::Surely };
                    }
                    reached.push(scope.spot(at));
                }
                None => return Leads::Nowhere,
            }
        }
    }

    /// Whether the columns that tie a relation to those that are reached already say which row of it is meant.
    fn step(
        &self,
        scope: &Scope<'_, 'a>,
        at: usize,
        reached: &[Spot],
        ties: &[Tie<'_>],
        confined: bool,
    ) -> Option<Leads> {
        let spot = scope.spot(at);
        let both = ties.iter().flat_map(|(one, other)| [(*one, *other), (*other, *one)]);
        let here: Vec<_> =
            both.filter(|((of, _), (from, _))| *of == spot && reached.contains(from)).collect();
        let named = &scope.relations[at];
        let (Some(name), Some(relation)) = (&named.name, named.relation) else {
            return here.first().map(|_| Leads::Surely);
        };
        let tenants = self.judge.columns(name);
        let is_tenant =
            |column: &str| tenants.iter().any(|(of, bits)| *of == column && *bits == value::TENANT);
        let from_tenant = |(from, column): &(Spot, &str)| {
            let of_focus = |(of, bits): &(&str, u8)| of == column && *bits == value::TENANT;
            if *from == self.focus.spot {
                return self.focus.columns.iter().any(of_focus);
            }
            let name = scope.at(*from).and_then(|named| named.name.as_ref());
            name.is_some_and(|name| self.judge.columns(name).iter().any(of_focus))
        };
        // The tenant itself, on both sides.
        if here.iter().any(|((_, column), from)| from_tenant(from) && (is_tenant(column) || confined)) {
            return Some(Leads::Surely);
        }
        let columns: BTreeSet<&str> = here.iter().map(|((_, column), _)| *column).collect();
        if is_key(relation, &columns) {
            return Some(Leads::Surely);
        }
        // Rows that refer to the one that is asked about.
        let own: BTreeSet<&str> = here
            .iter()
            .filter(|(_, (from, _))| *from == self.focus.spot)
            .map(|(_, (_, column))| *column)
            .collect();
        let focus = self.scope.at(self.focus.spot).and_then(|named| named.relation);
        focus.is_some_and(|focus| is_key(focus, &own)).then_some(Leads::Back)
    }
}

fn column_of<'f, 'a>(scope: &'f Scope<'f, 'a>, expr: &'f Expr) -> Option<Found<'f, 'a>> {
    match strip(expr) {
        Expr::Identifier(column) => scope.find(std::slice::from_ref(column)),
        Expr::CompoundIdentifier(parts) => scope.find(parts),
        // The server compares a column of another text type as a text.
        Expr::Cast { expr: inner, data_type, .. } if canonical_type(&data_type.to_string()) == "text" => {
            column_of(scope, inner)
        }
        _ => None,
    }
}

/// Where the ties of a query lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leads {
    /// To the one row that the row refers to.
    Surely,
    /// To rows that refer to it, which whoever writes them can say of any row.
    Back,
    Nowhere,
}
