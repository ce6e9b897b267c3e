//! Guards that ask for the server's version: `IF current_setting('server_version_num')::int >= 120000`.

use sqlparser::ast::{BinaryOperator, Expr};

use super::interpreter::Interpreter;
use super::value::Value;

/// The oldest server that is supported, as `server_version_num` says it.
const OLDEST: i64 = 140_000;

/// Whether an expression is the server's version as a number.
pub(super) fn asks_version(expr: &Expr) -> bool {
    match expr {
        Expr::Cast { expr, .. } | Expr::Nested(expr) => asks_version(expr),
        Expr::Function(function) => {
            let text = function.to_string().to_ascii_lowercase();
            let call = text.strip_prefix("pg_catalog.").unwrap_or(&text);
            call == "current_setting('server_version_num')"
        }
        _ => false,
    }
}

impl Interpreter<'_> {
    /// How the server's version compares with a number, as far as every server does that is supported.
    pub(super) fn version(&mut self, op: &BinaryOperator, right: &Expr) -> Value {
        let Value::Int(number) = self.eval(right) else { return Value::Unknown };
        match op {
            BinaryOperator::GtEq if number <= OLDEST => Value::Bool(true),
            BinaryOperator::Gt if number < OLDEST => Value::Bool(true),
            BinaryOperator::Lt if number <= OLDEST => Value::Bool(false),
            BinaryOperator::LtEq if number < OLDEST => Value::Bool(false),
            _ => Value::Unknown,
        }
    }
}
