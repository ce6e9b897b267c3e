//! Whether a condition can be true, in each situation.

use sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr, Function, FunctionArguments, InTarget, UnaryOperator, Value,
};

use super::eval::{Eval, arguments, literal, only};
use super::strip;
use super::world::{Truth, equal, is_null, truth};
use crate::catalog::canonical_type;

impl Eval<'_, '_> {
    pub(super) fn condition(&self, expr: &Expr) -> Truth {
        if !self.goes_on() {
            return Truth::UNKNOWN;
        }
        match expr {
            Expr::Nested(inner) => self.condition(inner),
            Expr::Cast { expr: inner, data_type, .. }
                if canonical_type(&data_type.to_string()) == "boolean" =>
            {
                self.condition(inner)
            }
            Expr::Value(literal) => match &literal.value {
                Value::Boolean(true) => Truth::TRUE,
                Value::Boolean(false) => Truth::FALSE,
                Value::Null => Truth::NULL,
                _ => Truth::OPEN,
            },
            Expr::UnaryOp { op: UnaryOperator::Not, expr: inner } => self.condition(inner).not(),
            Expr::BinaryOp { op: BinaryOperator::And, .. } => operands(expr, &BinaryOperator::And)
                .fold(Truth::TRUE, |whole, of| whole.and(self.condition(of))),
            Expr::BinaryOp { op: BinaryOperator::Or, .. } => operands(expr, &BinaryOperator::Or)
                .fold(Truth::FALSE, |whole, of| whole.or(self.condition(of))),
            Expr::BinaryOp { left, op, right } => self.compared(left, op, right),
            Expr::IsDistinctFrom(left, right) => self.distinct(left, right),
            Expr::IsNotDistinctFrom(left, right) => self.distinct(left, right).not(),
            Expr::IsNull(inner) => self.is_null(inner),
            Expr::IsNotNull(inner) => self.is_null(inner).not(),
            Expr::IsTrue(inner) => self.is(inner, truth::TRUE, true),
            Expr::IsNotTrue(inner) => self.is(inner, truth::TRUE, false),
            Expr::IsFalse(inner) => self.is(inner, truth::FALSE, true),
            Expr::IsNotFalse(inner) => self.is(inner, truth::FALSE, false),
            Expr::IsUnknown(inner) => self.is(inner, truth::NULL, true),
            Expr::IsNotUnknown(inner) => self.is(inner, truth::NULL, false),
            Expr::Exists { subquery, negated } => {
                let exists = self.exists(subquery, None);
                if *negated { exists.not() } else { exists }
            }
            Expr::In { expr: left, target: InTarget::Subquery(subquery), negated, .. } => {
                let within = self.exists(subquery, Some(left));
                if *negated { within.not() } else { within }
            }
            Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => self.any(left, right),
            Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } => self.any(left, right).not(),
            Expr::In { expr: left, target: InTarget::List(list), negated, .. } => {
                let of = self.value(left);
                let one = |one| equal(of, self.value(one), self.literals);
                let whole = list.iter().map(one).fold(Truth::FALSE, Truth::or);
                if *negated { whole.not() } else { whole }
            }
            Expr::Case { .. } => {
                let mut whole = Truth([0; super::world::COUNT]);
                let followed = self.branches(expr, |holds, result| {
                    let of = result.map_or(Truth::NULL, |result| self.condition(result));
                    let reached =
                        Truth(std::array::from_fn(|at| match holds.0[at] & (truth::TRUE | truth::MAYBE) {
                            0 => 0,
                            _ => of.0[at],
                        }));
                    whole = whole.either(reached);
                });
                if followed { whole } else { Truth::OPEN }
            }
            Expr::Subquery(query) => match only(query) {
                Some((item, None)) => self.condition(item),
                _ => Truth::OPEN,
            },
            Expr::Function(call) => {
                let arguments = arguments(call);
                match (call.name.to_string().as_str(), &arguments[..]) {
                    ("coalesce", _) => self.first_known(&arguments),
                    // Of a role that tenants' statements do not run as they are no member.
                    ("pg_has_role", [role, _] | [_, role, _])
                        if literal(role).is_some_and(|role| !self.judge.is_app(role)) =>
                    {
                        Truth::FALSE
                    }
                    _ => self.condition_within(call, &arguments).unwrap_or_else(|| self.judge.holds(call)),
                }
            }
            _ => Truth::OPEN,
        }
    }

    fn compared(&self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Truth {
        let equality = match op {
            BinaryOperator::Eq => true,
            BinaryOperator::NotEq => false,
            _ => return Truth::OPEN,
        };
        let whole = match (strip(left), strip(right)) {
            (Expr::Subquery(query), other) | (other, Expr::Subquery(query)) if only(query).is_none() => {
                self.exists(query, Some(other))
            }
            (left, right) => same(left, right)
                .or_else(|| self.is_no_app(left, right).then_some(Truth::FALSE))
                .unwrap_or_else(|| self.equality(left, right)),
        };
        if equality { whole } else { whole.not() }
    }

    /// Whether whoever is logged in is compared with a role that tenants' statements do not run as.
    fn is_no_app(&self, left: &Expr, right: &Expr) -> bool {
        let logged_in = |of: &Expr| match of {
            Expr::Function(call) => matches!(call.name.to_string().as_str(), "current_user" | "session_user"),
            _ => false,
        };
        let role = match (logged_in(left), logged_in(right)) {
            (true, false) => literal(right),
            (false, true) => literal(left),
            _ => None,
        };
        role.is_some_and(|role| !self.judge.is_app(role))
    }

    fn equality(&self, left: &Expr, right: &Expr) -> Truth {
        let is_condition = |of: &Expr| match of {
            Expr::Value(literal) => matches!(literal.value, Value::Boolean(_)),
            Expr::Exists { .. }
            | Expr::In { target: InTarget::Subquery(_), .. }
            | Expr::IsNull(_)
            | Expr::IsNotNull(_) => true,
            Expr::BinaryOp { op, .. } => matches!(
                op,
                BinaryOperator::And | BinaryOperator::Or | BinaryOperator::Eq | BinaryOperator::NotEq
            ),
            _ => false,
        };
        if is_condition(left) || is_condition(right) {
            let (left, right) = (self.condition(left), self.condition(right));
            return left.and(right).or(left.not().and(right.not()));
        }
        let known = equal(self.value(left), self.value(right), self.literals);
        let is_column = matches!(left, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
        // A column is equal to itself, unless it is NULL.
        if is_column && left == right {
            known.map(|bit| if bit == truth::FALSE { truth::TRUE } else { bit })
        } else {
            known
        }
    }

    fn distinct(&self, left: &Expr, right: &Expr) -> Truth {
        let (one, other) = (self.value(left), self.value(right));
        let (no_left, no_right) = (is_null(one), is_null(other));
        let one_is_null = no_left.and(no_right.not()).or(no_left.not().and(no_right));
        let differ = equal(one, other, self.literals).not();
        // Where one is NULL the comparison is too, and says nothing.
        one_is_null.or(no_left.not().and(no_right.not()).and(differ.map(|bit| match bit {
            truth::NULL => truth::FALSE,
            bit => bit,
        })))
    }

    fn is_null(&self, of: &Expr) -> Truth {
        match strip(of) {
            // Of a condition it is asked whether it is unknown.
            Expr::BinaryOp {
                op: BinaryOperator::Eq | BinaryOperator::NotEq | BinaryOperator::And | BinaryOperator::Or,
                ..
            }
            | Expr::UnaryOp { op: UnaryOperator::Not, .. }
            | Expr::In { target: InTarget::Subquery(_), .. }
            | Expr::AnyOp { .. }
            | Expr::AllOp { .. } => self.is(of, truth::NULL, true),
            of => is_null(self.value(of)),
        }
    }

    fn is(&self, of: &Expr, wanted: u8, positive: bool) -> Truth {
        let is = self.condition(of).map(|bit| match bit {
            truth::MAYBE => truth::MAYBE | truth::FALSE,
            bit if bit == wanted => truth::TRUE,
            _ => truth::FALSE,
        });
        if positive { is } else { is.not() }
    }

    fn any(&self, left: &Expr, right: &Expr) -> Truth {
        let mut array = right;
        while let Expr::Nested(inner) | Expr::Cast { expr: inner, .. } = array {
            array = inner;
        }
        // An array of what a query finds is as good as the query.
        if let Expr::Function(Function { args: FunctionArguments::Subquery(query), .. }) = array
            && only(query).is_none()
        {
            return self.exists(query, Some(left));
        }
        let elements = self.elements(right);
        let found = equal(self.value(left), elements, self.literals);
        // There may be other elements, or none.
        Truth(found.0.map(|bits| bits | truth::FALSE))
    }

    /// `coalesce` of conditions.
    fn first_known(&self, arguments: &[&Expr]) -> Truth {
        let mut whole = Truth([0; super::world::COUNT]);
        let mut left = Truth::NULL;
        for argument in arguments {
            let of = self.condition(argument);
            let next =
                Truth(std::array::from_fn(|at| if left.0[at] & truth::NULL == 0 { 0 } else { of.0[at] }));
            whole = whole.either(Truth(next.0.map(|bits| bits & !truth::NULL)));
            left = next;
        }
        whole.either(Truth(left.0.map(|bits| bits & truth::NULL)))
    }

    /// Goes through the results of CASE, each with what has to hold for it. Says whether there was a CASE.
    pub(super) fn branches(&self, case: &Expr, mut see: impl FnMut(Truth, Option<&Expr>)) -> bool {
        let Expr::Case { operand, conditions, else_result, .. } = case else { return false };
        let mut before = Truth::TRUE;
        for CaseWhen { condition, result } in conditions {
            let holds = match operand {
                Some(operand) => self.equality(strip(operand), strip(condition)),
                None => self.condition(condition),
            };
            see(before.and(holds), Some(result));
            // What is unknown does not hold.
            before = before.and(holds.map(|bit| if bit == truth::NULL { truth::FALSE } else { bit }).not());
        }
        see(before, else_result.as_deref());
        true
    }
}

/// The operands of a chain of one operator, however long it is.
pub(super) fn operands<'e>(expr: &'e Expr, op: &BinaryOperator) -> impl Iterator<Item = &'e Expr> {
    let mut found = Vec::new();
    let mut left = vec![expr];
    while let Some(next) = left.pop() {
        match next {
            Expr::Nested(inner) => left.push(inner),
            Expr::BinaryOp { left: one, op: of, right: other } if of == op => left.extend([&**other, &**one]),
            other => found.push(other),
        }
    }
    found.into_iter()
}

/// What follows from two literals alone.
fn same(left: &Expr, right: &Expr) -> Option<Truth> {
    let (Expr::Value(left), Expr::Value(right)) = (left, right) else { return None };
    let whether = |equal| Some(if equal { Truth::TRUE } else { Truth::FALSE });
    match (&left.value, &right.value) {
        (Value::Null, _) | (_, Value::Null) => Some(Truth::NULL),
        (Value::SingleQuotedString(left), Value::SingleQuotedString(right)) => whether(left == right),
        (Value::Number(left, _), Value::Number(right, _)) => {
            let number = |text: &str| text.parse::<i64>().ok();
            number(left).zip(number(right)).and_then(|(left, right)| whether(left == right))
        }
        (Value::Boolean(left), Value::Boolean(right)) => whether(left == right),
        _ => None,
    }
}
